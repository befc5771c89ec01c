select
    handoff,
    state,
    count(*) as leads,
    count(completed_at) filter (where state = 'accepted') as completed,
    median(hours_to_complete) filter (where state = 'accepted') as median_hours,
    count(undone) as with_actions_undone,
    mode(undone) as mostly_undone
from marts.handoffs
where ($owner is null or owner_id = $owner)
group by all
order by handoff, leads desc
