select
    run.business_date,
    run.business_zone,
    run.company_currency,
    cast(run.window_days as bigint) as window_days
from {{ source('rules', 'run') }} as run
