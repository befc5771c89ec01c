select
    period as month,
    people,
    mql / people as mql,
    sql / people as sql,
    opportunity / people as opportunity,
    customer / people as customer
from marts.lead_funnel
where
    segment = case when $owner is not null then 'owner' when $team is not null then 'team' else 'all' end
    and segment_value = coalesce($owner, $team, 'all')
    and ($since is null or period >= $since)
order by month
