{{ config(
    materialized='incremental', unique_key='person_id',
    through={'int_person_keys': people_of('{due}'), 'int_person_members': people_with('{due}')},
    vouched_for=['int_person_records', 'stg_hubspot__contacts']
) }}
{{ also_reads('int_person_keys') }}
-- An address on several records of one person makes one statement, the HubSpot contact's where it is on one.
with members as (
    {{ members_due() }}
),

addresses as (
    select
        record_key,
        email as address
    from {{ ref('int_person_records') }}
    where email is not null

    union

    select
        record_key,
        {{ normalize_email('unnest(additional_emails)') }} as address
    from {{ ref('stg_hubspot__contacts') }}
)

select
    members.person_id,
    addresses.address,
    arg_min(
        members.record_key, (members.record_key not like 'hubspot:%', members.record_key)
    ) as record_key
from addresses
inner join members on addresses.record_key = members.record_key
where addresses.address is not null
group by members.person_id, addresses.address
