-- A status that ends a lead has to stand in every record that has one; one by which somebody works on it, in any.
with stages as (
    select distinct value
    from {{ source('rules', 'load_values') }}
    where kind = 'stage'
),

-- Few of all people, for whose records alone it is looked up what they say.
leads as materialized (
    select
        people.person_id,
        people.owner_id,
        people.lifecycle_stage,
        people.created_at
    from {{ ref('unified_leads') }} as people
    inner join stages on people.lifecycle_stage = stages.value
    where people.person_id not in (select person_id from {{ ref('int_sales_contacts') }})
),

records as materialized (
    select
        members.record_key,
        members.person_id
    from {{ ref('int_person_members') }} as members
    where members.person_id in (select leads.person_id from leads)
),

statuses as (
    select
        record_key,
        lead_status as status,
        false as is_converted
    from {{ ref('stg_hubspot__contacts') }}

    union all

    select
        record_key,
        status,
        coalesce(is_converted, false) as is_converted
    from {{ ref('stg_salesforce__leads') }}
),

settled as (
    select records.person_id
    from statuses
    inner join records on statuses.record_key = records.record_key
    left join {{ source('rules', 'load_values') }} as named
        on
            lower(statuses.status) = lower(named.value)
            and named.kind in ('closed_status', 'worked_status')
    where statuses.status is not null
    group by records.person_id
    having
        bool_or(coalesce(named.kind = 'worked_status', false))
        or bool_and(statuses.is_converted or coalesce(named.kind = 'closed_status', false))
)

select
    leads.person_id,
    leads.owner_id,
    leads.lifecycle_stage,
    leads.created_at
from leads
where leads.person_id not in (select settled.person_id from settled)
