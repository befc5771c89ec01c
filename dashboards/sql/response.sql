select
    coalesce(owner_id, 'unowned') as owner,
    count(*) as leads,
    round(median(business_minutes) / 60.0, 1) as median_hours,
    round(quantile_cont(business_minutes, 0.9) / 60.0, 1) as p90_hours,
    count(*) filter (where within_sla) as in_time,
    count(*) filter (where is_waiting) as waiting
from marts.lead_response_times
where
    ($owner is null or owner_id = $owner)
    and ($since is null or assigned_at >= $since)
group by coalesce(owner_id, 'unowned')
order by median_hours desc nulls last
limit 50
