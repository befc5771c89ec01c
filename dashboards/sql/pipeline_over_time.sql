with open_then as (
    select
        snapshot_date as day,
        canonical_stage as stage,
        sum(amount_converted) as amount,
        sum(opportunities) as deals
    from marts.pipeline_snapshots
    where
        ($owner is null or owner_id = $owner)
        and ($pipeline is null or pipeline = $pipeline)
        and ($team is null or owner_id in (select owner_id from marts.opportunities where owner_team = $team))
    group by all
),

-- A day on which nothing was open is one with nothing, not one between two others.
days as (
    select
        snapshot_date as day,
        bool_or(is_reconstructed) as reconstructed
    from marts.pipeline_snapshots
    where $since is null or snapshot_date >= $since
    group by snapshot_date
)

select
    days.day,
    stages.stage,
    coalesce(open_then.amount, 0) as amount,
    coalesce(open_then.deals, 0) as deals,
    days.reconstructed
from days
cross join (select distinct stage from open_then) as stages
left join open_then on days.day = open_then.day and stages.stage = open_then.stage
order by days.day, stages.stage
