{{ config(materialized='incremental', changed_rows_only=true, unique_key='person_id', follows=['int_consent_statements']) }}
{%- set is_lifted -%}
    (
        said.state = 'opted_out'
        and (
            (said.purpose_id = 'all_email' and lifted.person_id is not null)
            or (
                said.purpose_id != 'all_email'
                and said.changed_at < consented.consented_at
                and (said.vendor != 'hubspot' or said.is_copy)
            )
        )
    )
{%- endset -%}
-- The most restrictive statement wins: a refusal over an agreement, and either over nothing said. Of equal ones the
-- latest is shown. Who refuses all e-mail refuses each purpose, until a newer consent is recorded: one with its legal
-- basis, after the date of every refusal. It lifts a refusal of its own purpose too, but for what the person said in
-- HubSpot of another address. A refusal without a date stands.
with consented as (
    select
        person_id,
        purpose_id,
        max(changed_at) as consented_at
    from {{ ref('int_consent_statements') }}
    where state = 'opted_in' and legal_basis like 'CONSENT%' and {{ is_due('person_id') }}
    group by person_id, purpose_id
),

lifted as (
    select person_id
    from {{ ref('int_consent_statements') }}
    where {{ is_due('person_id') }}
    group by person_id
    having
        count(*) filter (where purpose_id = 'all_email' and state = 'opted_out' and changed_at is null) = 0
        and max(changed_at) filter (where purpose_id = 'all_email' and state = 'opted_out')
        < max(changed_at) filter (where state = 'opted_in' and legal_basis like 'CONSENT%')
),

statements as (
    select
        said.* replace (
            case when {{ is_lifted }} then 'not_specified' else said.state end as state,
            case when {{ is_lifted }} then 3 else said.strictness end as strictness
        )
    from {{ ref('int_consent_statements') }} as said
    left join lifted on said.person_id = lifted.person_id
    left join consented on said.person_id = consented.person_id and said.purpose_id = consented.purpose_id
    where {{ is_due('said.person_id') }}
),

refusals as (
    select
        person_id,
        arg_max(record_key, (coalesce(changed_at, to_timestamp(0)), record_key)) as record_key,
        max(changed_at) as changed_at
    from statements
    where purpose_id = 'all_email' and state = 'opted_out'
    group by person_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by person_id, purpose_id
            order by strictness asc, changed_at desc nulls last, record_key asc, address asc
        ) as place,
        count(*) over (partition by person_id, purpose_id) as statements,
        -- Nothing said contradicts nobody.
        bool_or(state = 'opted_out') over (partition by person_id, purpose_id)
        and bool_or(state = 'opted_in') over (partition by person_id, purpose_id) as is_disputed
    from statements
)

select
    ranked.person_id,
    ranked.purpose_id,
    ranked.purpose,
    case when refusals.person_id is not null then 'opted_out' else ranked.state end as state,
    case
        when ranked.state = 'opted_out' then ranked.record_key
        else coalesce(refusals.record_key, ranked.record_key)
    end as source_record_key,
    case
        when ranked.state = 'opted_out' or refusals.person_id is null then ranked.changed_at
        else refusals.changed_at
    end as changed_at,
    ranked.state as state_of_purpose,
    case when refusals.person_id is null then ranked.legal_basis end as legal_basis,
    ranked.statements,
    ranked.is_disputed
from ranked
left join refusals on ranked.person_id = refusals.person_id
where ranked.place = 1
