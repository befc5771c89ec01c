{{ config(
    materialized='incremental', unique_key='record_key', follows=['int_person_records', 'int_person_keys'],
    owned={
        'int_account_records': '
            select companies.record_key as owner, hash(companies.name, members.account_id) as hashed
            from {int_account_records} as companies
            left join {int_account_members} as members on companies.record_key = members.record_key'
    },
    reached={
        'int_account_records': '
            select record_key as owner from {int_person_records} where hash(account_record_key) in {moved}'
    },
    vouched_for=['int_account_members']
) }}
-- The address that identifies somebody is the record's own where it does, or else one beside it.
with addresses as (
    select
        record_key,
        min(substr(value, 7)) as email
    from {{ ref('int_person_keys') }}
    where kind = 'email' and {{ is_owner_due('record_key') }}
    group by record_key
)

select
    records.record_key,
    records.first_name,
    records.last_name,
    addresses.email,
    records.phone,
    coalesce(
        case when records.company_name not like '[%' then records.company_name end, companies.name
    ) as company_name,
    members.account_id,
    records.job_title,
    records.city,
    records.country
from {{ ref('int_person_records') }} as records
left join addresses on records.record_key = addresses.record_key
left join {{ ref('int_account_records') }} as companies on records.account_record_key = companies.record_key
left join {{ ref('int_account_members') }} as members on records.account_record_key = members.record_key
where {{ is_owner_due('records.record_key') }}
