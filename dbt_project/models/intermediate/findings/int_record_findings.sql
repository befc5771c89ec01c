-- What is wrong with a record beside others.
with companies as (
    select
        members.account_id,
        records.vendor,
        records.object,
        records.record_key,
        records.record_id
    from {{ ref('int_account_members') }} as members
    inner join {{ ref('int_account_records') }} as records on members.record_key = records.record_key
),

companies_twice as (
    {{ several_of_one('companies', 'account_id') }}
)

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
from {{ ref('int_people_twice') }}
qualify row_number() over (partition by person_id, vendor, object order by record_key) > 1

union all

select
    'account_twice_in_one_object' as finding,
    vendor,
    object,
    record_id as example_id
from companies_twice
qualify row_number() over (partition by account_id, vendor, object order by record_key) > 1
