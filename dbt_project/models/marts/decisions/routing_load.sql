-- Fairness is of the rotations: leads that somebody got by name (an account's owner, an escalation) are not in it.
with given as (
    select
        owner_email as owner_id,
        count(*) as leads,
        count(*) filter (where caused_by = 'escalation') as escalations_taken,
        max(decided_at) as last_given_at
    from {{ source('decisions', 'assignments') }}
    where state = 'assigned'
    group by owner_email
),

lost as (
    select
        previous_owner as owner_id,
        count(*) as escalations_lost
    from {{ source('decisions', 'assignments') }}
    where state = 'assigned' and caused_by = 'escalation' and previous_owner is not null
    group by previous_owner
),

shares as (
    select
        owner_email as owner_id,
        sum(leads) as leads_in_turn,
        sum(beyond_share) as beyond_share
    from {{ source('decisions', 'fairness') }}
    group by owner_email
),

-- Who was decided to have somebody carries them as soon as that is decided, as in the decisions themselves.
decided as (
    select
        coalesce(aliases.person_id, assignments.person_id) as person_id,
        assignments.owner_email,
        assignments.previous_owner
    from {{ source('decisions', 'assignments') }} as assignments
    left join {{ ref('int_person_aliases') }} as aliases on assignments.person_id = aliases.alias
    where assignments.state = 'assigned'
    qualify
        row_number() over (
            partition by coalesce(aliases.person_id, assignments.person_id)
            order by assignments.decided_at desc, assignments.sequence desc
        ) = 1
),

carried as (
    select
        coalesce(decided.owner_email, leads.owner_id) as owner_id,
        count(*) as open_leads
    from {{ ref('open_leads') }} as leads
    left join decided
        on
            leads.person_id = decided.person_id
            and (leads.owner_id is null or leads.owner_id = decided.previous_owner)
    group by coalesce(decided.owner_email, leads.owner_id)
),

people as (
    select owner_id from given
    union
    select owner_id from shares
)

select
    people.owner_id,
    coalesce(given.leads, 0) as leads,
    cast(coalesce(shares.leads_in_turn, 0) as bigint) as leads_in_turn,
    shares.beyond_share,
    coalesce(carried.open_leads, 0) as open_leads,
    coalesce(given.escalations_taken, 0) as escalations_taken,
    coalesce(lost.escalations_lost, 0) as escalations_lost,
    given.last_given_at
from people
left join given on people.owner_id = given.owner_id
left join lost on people.owner_id = lost.owner_id
left join shares on people.owner_id = shares.owner_id
left join carried on people.owner_id = carried.owner_id
