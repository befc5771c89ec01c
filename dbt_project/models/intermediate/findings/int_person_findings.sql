with placed as (
    select
        members.person_id,
        records.vendor,
        records.object,
        records.record_key,
        records.record_id
    from {{ ref('int_person_members') }} as members
    inner join {{ ref('int_person_records') }} as records on members.record_key = records.record_key
    where not records.is_converted
),

-- Nearly everybody is once in each: only the others are sorted.
several as (
    select hash(person_id, vendor, object) as place
    from placed
    group by hash(person_id, vendor, object)
    having count(*) > 1
)

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
    vendor,
    object,
    record_id as example_id
from {{ ref('int_person_records') }}
where
    (
        trim(first_name) != ''
        and record_key in (
            select features.record_key
            from {{ ref('int_person_features') }} as features
            where features.first is null
        )
    )
    or (
        trim(last_name) != ''
        and record_key in (
            select features.record_key
            from {{ ref('int_person_features') }} as features
            where features.last is null
        )
    )
    or length(first_name) > 120
    or length(last_name) > 120

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
    vendor,
    object,
    record_id as example_id
from placed
where hash(person_id, vendor, object) in (select several.place from several)
qualify row_number() over (partition by person_id, vendor, object order by record_key) > 1

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
