select
    canonical_stage as stage,
    sum(opportunities) as deals,
    cast(sum(advanced) as double) / sum(opportunities) as advanced,
    cast(sum(won) as double) / sum(opportunities) as won,
    cast(sum(lost) as double) / sum(opportunities) as lost
from marts.stage_conversions
where
    definition = 'cohort'
    and segment = case when $pipeline is null and $team is not null then 'team' else 'all' end
    and segment_value = case when $pipeline is null and $team is not null then $team else 'all' end
    and pipeline = coalesce($pipeline, 'all')
    and ($since is null or period >= $since)
group by canonical_stage
order by deals desc, stage
