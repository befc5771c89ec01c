with decided as (
    select
        coalesce(assignments.rule, '') as rule,
        assignments.state,
        coalesce(assignments.caused_by, '') as caused_by,
        -- A reason names people and teams; what is counted is the kind of it.
        case when assignments.state = 'held' then coalesce(assignments.reason, '') else '' end as reason,
        case
            when assignments.state = 'assigned' and assignments.caused_by = 'new-lead'
                then datediff('minute', leads.created_at, assignments.decided_at) / 60.0
        end as hours_to_assign
    from {{ source('decisions', 'assignments') }} as assignments
    left join {{ ref('unified_leads') }} as leads on assignments.person_id = leads.person_id
)

select
    rule,
    state,
    caused_by,
    reason,
    count(*) as leads,
    median(hours_to_assign) as median_hours_to_assign
from decided
group by rule, state, caused_by, reason
