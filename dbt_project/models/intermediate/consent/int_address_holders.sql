{{ config(
    materialized='incremental', changed_rows_only=true, unique_key='person_id',
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
        members.*,
        records.email as address
    from members
    inner join {{ ref('int_person_records') }} as records on members.record_key = records.record_key

    union all

    select
        members.*,
        {{ normalize_email('unnest(contacts.additional_emails)') }} as address
    from members
    inner join {{ ref('stg_hubspot__contacts') }} as contacts on members.record_key = contacts.record_key
)

select
    person_id,
    address,
    arg_min(record_key, (record_key not like 'hubspot:%', record_key)) as record_key
from addresses
where address is not null
group by person_id, address
