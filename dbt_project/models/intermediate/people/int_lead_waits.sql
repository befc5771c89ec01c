-- A wait begins when a lead is qualified by marketing or, without such a date, given to somebody; it ends with
-- the first call, e-mail or meeting of sales, in whichever CRM.
with assigned as (
    select
        coalesce(aliases.person_id, assignments.person_id) as person_id,
        min(assignments.decided_at) as decided_at
    from {{ source('decisions', 'assignments') }} as assignments
    left join {{ ref('int_person_aliases') }} as aliases on assignments.person_id = aliases.alias
    where assignments.state = 'assigned'
    group by coalesce(aliases.person_id, assignments.person_id)
),

waits as (
    select
        people.person_id,
        people.owner_id,
        coalesce(lifecycle.mql_at, assigned.decided_at) as assigned_at
    from {{ ref('int_people') }} as people
    left join {{ ref('int_person_lifecycle') }} as lifecycle on people.person_id = lifecycle.person_id
    left join assigned on people.person_id = assigned.person_id
    where coalesce(lifecycle.mql_at, assigned.decided_at) is not null
)

select
    waits.person_id,
    waits.owner_id,
    waits.assigned_at,
    min(contacts.occurred_at) as first_contact_at
from waits
left join {{ ref('int_sales_contacts') }} as contacts
    on waits.person_id = contacts.person_id and waits.assigned_at <= contacts.occurred_at
group by waits.person_id, waits.owner_id, waits.assigned_at
