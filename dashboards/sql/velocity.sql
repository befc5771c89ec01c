select
    period as month,
    definition,
    velocity_per_day as per_day,
    opportunities as deals,
    win_rate,
    average_deal_size,
    cycle_days
from marts.pipeline_velocity
where segment = 'all' and ($since is null or period >= $since)
order by month, definition
