select
    label,
    unit,
    value,
    target,
    direction,
    case when value is null then 'no data' when met then 'met' else 'missed' end as state,
    share as share_in_time_or_good,
    p90,
    elapsed,
    numerator,
    denominator,
    window_start as since
from marts.kpis
order by state = 'missed' desc, state, kpi
