-- What config means and Marketing Cloud does not have, for the plan to say: people who would enter a journey and are no
-- contact by the id of their lead or contact, an account without such keys at all.
with connected as (
    select vendor
    from {{ source('rules', 'connections') }}
    where vendor = 'marketing_cloud'
),

subscribers as (
    select
        count(*) filter (where key_kind = 'email') as by_address,
        count(*) filter (where key_kind in ('contact_id', 'lead_id')) as by_id
    from {{ ref('int_subscribers') }}
),

writes_for as (
    {{ journey_purposes() }}
),

unreached as (
    select count(distinct leads.person_id) as people
    from {{ source('rules', 'journey_entries') }} as entries
    inner join {{ ref('unified_leads') }} as leads
        on
            entries.least_score <= leads.lead_score
            and (len(entries.stages) = 0 or list_contains(entries.stages, leads.lifecycle_stage))
    left join {{ ref('int_subscribers') }} as known
        on
            leads.person_id = known.person_id
            and known.is_current_key
            and known.key_kind in ('contact_id', 'lead_id')
            and coalesce(known.status, 'Active') = 'Active'
    left join writes_for on entries.journey = writes_for.journey
    left join {{ ref('int_refused_purposes') }} as refused
        on leads.person_id = refused.person_id and writes_for.purpose = refused.purpose
    where
        leads.is_email_valid and not leads.is_opted_out and leads.bounce_state != 'hard'
        and known.person_id is null
        and refused.person_id is null
        and exists (select 1 from connected)
)

select
    'keyed by address' as finding,
    by_address as number
from subscribers
where by_address > 0 and by_id = 0

union all

select
    'no contact' as finding,
    people as number
from unreached
where people > 0
