select
    'person_with_invalid_email' as finding,
    vendor,
    object,
    record_id as example_id
from {{ ref('int_person_records') }}
where email is not null and not is_email_valid

union all

select
    'person_without_email' as finding,
    vendor,
    object,
    record_id as example_id
from {{ ref('int_person_records') }}
where email is null

union all

-- Made up to get past a form, or a mailbox that many read: it joins nobody to anybody.
select
    'person_with_address_of_nobody' as finding,
    vendor,
    object,
    record_id as example_id
from {{ ref('int_person_records') }}
where
    is_email_valid
    and record_key not in (
        select keys.record_key
        from {{ ref('int_person_keys') }} as keys
        where keys.kind = 'email'
    )

union all

select
    'person_with_name_of_nobody' as finding,
    records.vendor,
    records.object,
    records.record_id as example_id
from {{ ref('int_person_records') }} as records
inner join {{ ref('int_person_features') }} as features on records.record_key = features.record_key
where
    (features.first is null and trim(records.first_name) != '')
    or (features.last is null and trim(records.last_name) != '')
    or length(records.first_name) > 120
    or length(records.last_name) > 120

union all

select
    'person_of_unknown_account' as finding,
    vendor,
    object,
    record_id as example_id
from {{ ref('int_person_records') }}
where account_record_key not in (select accounts.record_key from {{ ref('int_account_records') }} as accounts)

union all

select
    'person_twice_in_one_object' as finding,
    records.vendor,
    records.object,
    records.record_id as example_id
from {{ ref('int_person_members') }} as members
inner join {{ ref('int_person_records') }} as records on members.record_key = records.record_key
where not records.is_converted
qualify
    row_number() over (
        partition by members.person_id, records.vendor, records.object order by records.record_key
    ) > 1

union all

select
    'account_twice_in_one_object' as finding,
    records.vendor,
    records.object,
    records.record_id as example_id
from {{ ref('int_account_members') }} as members
inner join {{ ref('int_account_records') }} as records on members.record_key = records.record_key
qualify
    row_number() over (
        partition by members.account_id, records.vendor, records.object order by records.record_key
    ) > 1
