select
    coalesce(owner_id, 'unowned') as owner,
    count(*) as leads,
    round(median(business_minutes) filter (where within_sla is not null) / 60.0, 1) as median_hours,
    round(nullif(
        quantile_disc(case when is_waiting then cast('infinity' as double) else business_minutes end, 0.9)
        filter (where within_sla is not null),
        cast('infinity' as double)
    ) / 60.0, 1) as p90_hours,
    count(*) filter (where within_sla) as in_time,
    count(*) filter (where is_waiting) as waiting
from marts.lead_response_times
where
    ($owner is null or owner_id = $owner)
    and ($since is null or assigned_at >= $since)
group by coalesce(owner_id, 'unowned')
order by median_hours desc nulls last, owner
