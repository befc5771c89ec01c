with people as (
    select
        sum(people) as created,
        sum(mql) as mql,
        sum(sql) as sql,
        sum(opportunity) as opportunity,
        sum(customer) as customer
    from marts.lead_funnel
    where
        segment = case when $owner is not null then 'owner' when $team is not null then 'team' else 'all' end
        and segment_value = coalesce($owner, $team, 'all')
        and ($since is null or period >= $since)
)

select
    steps.stage,
    steps.people,
    steps.people / nullif(people.created, 0) as of_all,
    steps.people / nullif(steps.before, 0) as of_the_step_before
from people
cross join unnest([
    {place: 1, stage: 'created', people: people.created, before: null},
    {place: 2, stage: 'marketing qualified', people: people.mql, before: people.created},
    {place: 3, stage: 'sales qualified', people: people.sql, before: people.mql},
    {place: 4, stage: 'opportunity', people: people.opportunity, before: people.sql},
    {place: 5, stage: 'customer', people: people.customer, before: people.opportunity}
]) as listed (steps)
where people.created is not null
order by steps.place desc
