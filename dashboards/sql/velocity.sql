select
    period as month,
    definition || case by_value when true then ', by value' else '' end as definition,
    case by_value when true then velocity_per_day_by_value else velocity_per_day end as per_day,
    opportunities as deals,
    win_rate,
    win_rate_by_value,
    average_deal_size,
    cycle_days
from marts.pipeline_velocity
cross join unnest([false, true]) as ways (by_value)
where
    segment = case when $team is not null then 'team' when $pipeline is not null then 'pipeline' else 'all' end
    and segment_value = coalesce($team, $pipeline, 'all')
    and ($since is null or period >= $since)
order by month, definition
