-- Fairness is of the rotations: leads that somebody got by name (an account's owner, an escalation) are not in it.
with given as (
    select
        owner_email as owner_id,
        -- Of several owners who have left one lead is taken: an assignment each, at one moment.
        count(distinct row(person_id, decided_at)) as leads,
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
        cast(sum(cast(beyond_share as decimal(18, 6))) as double) as beyond_share
    from {{ source('decisions', 'fairness') }}
    group by owner_email
),

-- Who was decided to have somebody carries them as soon as that is decided, as in the decisions themselves.
carried as (
    select
        coalesce(decided.owner_id, leads.owner_id) as owner_id,
        count(*) as open_leads
    from {{ ref('open_leads') }} as leads
    left join {{ ref('int_last_assignments') }} as decided
        on
            leads.person_id = decided.person_id
            and (leads.owner_id is null or list_contains(decided.taken_from, leads.owner_id))
    group by coalesce(decided.owner_id, leads.owner_id)
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
