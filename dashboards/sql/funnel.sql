with people as (
    select *
    from marts.unified_leads
    where
        ($owner is null or owner_id = $owner)
        and ($team is null or owner_team = $team)
        and ($since is null or created_at >= $since)
),

counted as (
    select
        1 as place,
        'created' as stage,
        count(*) as people
    from people
    union all
    select
        2 as place,
        'marketing qualified' as stage,
        count(mql_at) as people
    from people
    union all
    select
        3 as place,
        'sales qualified' as stage,
        count(sql_at) as people
    from people
    union all
    select
        4 as place,
        'opportunity' as stage,
        count(opportunity_at) as people
    from people
    union all
    select
        5 as place,
        'customer' as stage,
        count(customer_at) as people
    from people
)

select
    stage,
    people,
    people / nullif(first(people) over (order by place), 0) as of_all
from counted
order by place desc
