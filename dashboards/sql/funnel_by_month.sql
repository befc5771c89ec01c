select
    cast(date_trunc('month', created_at) as date) as month,
    count(*) as people,
    count(mql_at) / count(*) as mql,
    count(sql_at) / count(*) as sql,
    count(opportunity_at) / count(*) as opportunity,
    count(customer_at) / count(*) as customer
from marts.unified_leads
where
    created_at is not null
    and ($owner is null or owner_id = $owner)
    and ($team is null or owner_team = $team)
    and ($since is null or created_at >= $since)
group by cast(date_trunc('month', created_at) as date)
order by month
