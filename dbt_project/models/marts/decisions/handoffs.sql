select
    handoffs.handoff_id,
    handoffs.handoff,
    coalesce(aliases.person_id, handoffs.person_id) as person_id,
    handoffs.state,
    nullif(handoffs.owner_email, '') as owner_id,
    handoffs.reason,
    handoffs.lead_score,
    handoffs.offered_at,
    handoffs.changed_at,
    handoffs.completed_at,
    -- What is left undone of a handoff that has ended is not done any more.
    case
        when handoffs.state in ('offered', 'accepted') then nullif(replace(handoffs.undone, chr(10), ', '), '')
    end as undone,
    datediff('minute', handoffs.offered_at, handoffs.completed_at) / 60.0 as hours_to_complete
from {{ source('decisions', 'handoffs') }} as handoffs
left join {{ ref('int_person_aliases') }} as aliases on handoffs.person_id = aliases.alias
