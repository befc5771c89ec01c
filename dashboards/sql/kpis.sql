select
    label,
    value,
    target,
    p90,
    share,
    case when value is null then 'no data' when met then 'met' else 'missed' end as state,
    numerator,
    denominator,
    window_start as since
from marts.kpis
order by kpi
