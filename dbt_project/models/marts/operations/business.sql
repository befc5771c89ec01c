select
    run.business_date,
    run.business_zone,
    run.company_currency,
    run.window_days
from {{ source('rules', 'run') }} as run
