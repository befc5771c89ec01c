select
    canonical_stage as stage,
    count(*) as deals,
    coalesce(sum(amount_converted), 0) as amount,
    coalesce(sum(amount_converted * probability), 0) as weighted
from marts.deal_states
where
    not is_closed
    and valid_from < (cast($day as timestamp) + interval 1 day) at time zone $zone
    and (valid_to is null or valid_to >= (cast($day as timestamp) + interval 1 day) at time zone $zone)
    and ($owner is null or owner_id = $owner)
    and ($pipeline is null or pipeline = $pipeline)
    and ($team is null or owner_id in (
        select owner_id from marts.opportunities
        where owner_team = $team
    ))
group by canonical_stage
order by min(position) desc nulls first
