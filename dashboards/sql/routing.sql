select
    coalesce(team, 'none') as team,
    coalesce(owner_email, 'nobody') as owner,
    rule,
    state,
    count(*) as leads,
    max(decided_at) as last
from decisions.assignments
where ($owner is null or owner_email = $owner) and ($team is null or team = $team)
group by all
order by leads desc, team, owner, rule, state
