-- The address that identifies somebody is the record's own where it does, or else one beside it.
with addresses as (
    select
        record_key,
        min(substr(value, 7)) as email
    from {{ ref('int_person_keys') }}
    where kind = 'email'
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
