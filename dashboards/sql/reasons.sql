select
    closed.outcome,
    coalesce(nullif(closed.reason, ''), 'missing') as reason,
    count(*) as deals,
    sum(closed.amount_converted) as amount
from marts.win_loss as closed
inner join marts.opportunities as deals on closed.opportunity_id = deals.opportunity_id
where
    ($owner is null or deals.owner_id = $owner)
    and ($team is null or deals.owner_team = $team)
    and ($pipeline is null or deals.pipeline = $pipeline)
    and ($since is null or closed.close_date >= $since)
group by all
order by deals desc, closed.outcome, reason
