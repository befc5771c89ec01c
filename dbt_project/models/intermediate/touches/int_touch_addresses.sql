{{ config(
    materialized='incremental', changed_rows_only=true, unique_key='address',
    through={
        'int_person_keys': '
            select email as owner from {int_person_records} where record_key in {due}
            union all
            select ' ~ normalize_email('unnest(additional_emails)') ~ ' as owner
            from {stg_hubspot__contacts}
            where record_key in {due}
            union all
            select address as owner from {this} where record_key in {due}'
    },
    vouched_for=['int_person_records', 'stg_hubspot__contacts']
) }}
{{ also_reads('int_person_keys') }}
-- Whose an address is, for what is known by address only: the HubSpot contact's, where there is one. A record that had
-- an address and was not the one it was of is missed by nobody.
with addresses as (
    select
        record_key,
        email as address
    from {{ ref('int_person_records') }}

    union all

    select
        record_key,
        {{ normalize_email('unnest(additional_emails)') }} as address
    from {{ ref('stg_hubspot__contacts') }}
)

select
    address,
    arg_min(record_key, (record_key not like 'hubspot:%', record_key)) as record_key
from addresses
where address is not null and {{ is_due('address') }}
group by address
