select
    canonical_stage as stage,
    stays,
    open_stays,
    round(median_days, 1) as median_days,
    round(p75_days, 1) as p75_days,
    round(p90_days, 1) as p90_days
from marts.time_in_stage
where
    period is null
    and segment = case when $pipeline is null and $team is not null then 'team' else 'all' end
    and segment_value = case when $pipeline is null and $team is not null then $team else 'all' end
    and pipeline = coalesce($pipeline, 'all')
order by stays desc, stage
