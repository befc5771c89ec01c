{{ config(
    materialized='incremental', unique_key='record_key', follows=['int_person_records', 'int_person_keys', 'int_person_features'],
    owners_in='int_person_records'
) }}
with records as materialized (
    select
        record_key,
        vendor,
        object,
        record_id as example_id,
        email,
        is_email_valid,
        first_name,
        last_name
    from {{ ref('int_person_records') }}
    where {{ is_owner_due('record_key') }}
),

nameless as (
    select
        record_key,
        first is null as is_first_nobodys,
        last is null as is_last_nobodys
    from {{ ref('int_person_features') }}
    where (first is null or last is null) and {{ is_owner_due('record_key') }}
),

found as (
    select
        *,
        'person_with_invalid_email' as finding
    from records
    where email is not null and not is_email_valid

    union all

    select
        *,
        'person_without_email' as finding
    from records
    where email is null

    union all

    -- Made up to get past a form, or a mailbox that many read: it joins nobody to anybody.
    select
        *,
        'person_with_address_of_nobody' as finding
    from records
    where
        is_email_valid
        and record_key not in (
            select keys.record_key
            from {{ ref('int_person_keys') }} as keys
            where keys.kind = 'email' and {{ is_owner_due('keys.record_key') }}
        )

    union all

    select
        records.*,
        'person_with_name_of_nobody' as finding
    from records
    left join nameless on records.record_key = nameless.record_key
    where
        (trim(records.first_name) != '' and nameless.is_first_nobodys)
        or (trim(records.last_name) != '' and nameless.is_last_nobodys)
        or length(records.first_name) > 120
        or length(records.last_name) > 120
)

select
    record_key,
    finding,
    vendor,
    object,
    example_id
from found
