select
    deals.name,
    deals.owner_id as owner,
    closed.close_date as closed_on,
    closed.last_stage,
    closed.amount_converted as amount
from marts.win_loss as closed
inner join marts.opportunities as deals on closed.opportunity_id = deals.opportunity_id
where
    closed.outcome = 'lost'
    and coalesce(closed.reason, '') = ''
    and ($owner is null or deals.owner_id = $owner)
    and ($team is null or deals.owner_team = $team)
    and ($pipeline is null or deals.pipeline = $pipeline)
    and ($since is null or closed.close_date >= $since)
order by closed.close_date desc nulls last, deals.name, deals.opportunity_id
