select
    strftime(day, '%d %b %Y') as on_day,
    -- Beside a time that is a hundredth of its target nothing else could be told apart.
    least(2.0, case when direction = 'above' then value / target when value > 0 then target / value else 2.0 end) as of_target,
    label as kpi
from (
    select
        history.day,
        history.value,
        history.target,
        kpis.direction,
        replace(history.kpi, '_', ' ') as label
    from marts.kpi_history as history
    join marts.kpis as kpis using (kpi)
    where history.value is not null and history.target > 0 and ($since is null or history.day >= $since)
)
order by day, kpi
