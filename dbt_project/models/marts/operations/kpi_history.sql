-- Days before today are kept as their last run saw them.
select
    snapshot_date as day,
    kpi,
    numerator,
    denominator,
    value,
    target,
    met
from {{ source('ops', 'kpi_days') }}
where snapshot_date < {{ run_value('business_date') }}
union all
select
    window_end as day,
    kpi,
    numerator,
    denominator,
    value,
    target,
    met
from {{ ref('kpis') }}
