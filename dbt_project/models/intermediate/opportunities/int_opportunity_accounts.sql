-- HubSpot ties deals to companies by associations; the primary one has type 5, and comes first.
with associated as (
    select
        {{ record_key('hubspot', 'deals', 'from_id') }} as record_key,
        {{ record_key('hubspot', 'companies', 'to_id') }} as account_record_key,
        case when type_id = 5 then 1 else 2 end as place
    from {{ ref('stg_hubspot__associations') }}
    where from_type = 'deals' and to_type = 'companies'

    union all

    select
        record_key,
        account_record_key,
        0 as place
    from {{ ref('int_opportunity_records') }}
    where account_record_key is not null
)

select
    associated.record_key,
    first(account_members.account_id order by associated.place, account_members.record_key) as account_id
from associated
inner join {{ ref('int_account_members') }} as account_members
    on associated.account_record_key = account_members.record_key
group by associated.record_key
