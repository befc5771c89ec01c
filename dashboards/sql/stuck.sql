select
    stuck.name,
    stuck.owner_id as owner,
    stuck.canonical_stage as stage,
    stuck.amount_converted as amount,
    round(stuck.days_in_stage) as days_in_stage,
    array_to_string(stuck.reasons, '; ') as why
from marts.stuck_deals as stuck
inner join marts.opportunities as deals on stuck.opportunity_id = deals.opportunity_id
where
    ($owner is null or stuck.owner_id = $owner)
    and ($team is null or deals.owner_team = $team)
    and ($pipeline is null or deals.pipeline = $pipeline)
order by stuck.place
