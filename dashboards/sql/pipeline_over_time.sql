select
    snapshot_date as day,
    canonical_stage as stage,
    sum(amount_converted) as amount,
    sum(opportunities) as deals,
    bool_or(is_reconstructed) as reconstructed
from marts.pipeline_snapshots
where
    ($owner is null or owner_id = $owner)
    and ($pipeline is null or pipeline = $pipeline)
    and ($team is null or owner_id in (select owner_id from marts.opportunities where owner_team = $team))
    and ($since is null or snapshot_date >= $since)
group by all
order by day, stage
