select
    replace(kpi, '_', ' ') as kpi,
    object,
    regexp_replace(reason, '[0-9]+', '…', 'g') as reason,
    count(*) as rows,
    min(subject) as for_instance
from marts.kpi_misses
group by all
order by rows desc, kpi, object, reason
limit 100
