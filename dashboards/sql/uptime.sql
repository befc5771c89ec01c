select
    replace(vendor, '_', ' ') as connection,
    due,
    up,
    down,
    unknown,
    uptime as share
from marts.connection_uptime
order by vendor
