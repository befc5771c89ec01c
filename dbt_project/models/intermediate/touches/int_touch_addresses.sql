-- Whose an address is, for what is known by address only: the HubSpot contact's, where there is one.
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
where address is not null
group by address
