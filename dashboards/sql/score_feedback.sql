select
    handoff,
    (lead_score // 10 * 10) || ' to ' || (lead_score // 10 * 10 + 9) as score,
    count(*) as leads,
    count(*) filter (where state = 'accepted') as accepted,
    count(*) filter (where state in ('rejected', 'recycled')) as given_back,
    count(*) filter (where state = 'expired') as expired,
    count(completed_at) filter (where state = 'accepted') as completed
from marts.handoffs
where lead_score is not null and ($owner is null or owner_id = $owner)
group by handoff, lead_score // 10
order by handoff, lead_score // 10 desc
