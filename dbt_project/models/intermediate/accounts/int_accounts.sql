with ranked as (
    select
        members.account_id,
        records.*,
        {{ owner_or_unknown('owners.owner_id', 'records.vendor', 'records.owner_source_id') }} as owner_id,
        row_number() over (
            partition by members.account_id
            order by precedence.rank asc, records.updated_at desc nulls last, records.record_key asc
        ) as place
    from {{ ref('int_account_members') }} as members
    inner join {{ ref('int_account_records') }} as records on members.record_key = records.record_key
    inner join {{ source('rules', 'precedence') }} as precedence
        on
            precedence.entity = 'account'
            and records.vendor = precedence.vendor
            and records.object = precedence.object
    left join {{ ref('int_owner_records') }} as owners
        on records.vendor = owners.vendor and records.owner_source_id = owners.source_id
)

select
    account_id,
    {{ pick('name', 'place') }} as name,
    coalesce({{ pick('company_domain', 'place') }}, {{ pick('domain', 'place') }}) as domain,
    {{ pick('company_domain', 'place') }} as company_domain,
    {{ pick('industry', 'place') }} as industry,
    {{ pick('employees', 'place') }} as employees,
    {{ pick('annual_revenue', 'place') }} as annual_revenue,
    {{ pick('city', 'place') }} as city,
    {{ pick('state', 'place') }} as state,
    {{ pick('country', 'place') }} as country,
    {{ pick('owner_id', 'place') }} as owner_id,
    arg_min(record_id, place) filter (where vendor = 'hubspot') as company_id_hubspot,
    arg_min(record_id, place) filter (where vendor = 'salesforce') as account_id_salesforce,
    count(*) as records,
    min(created_at) as created_at,
    max(updated_at) as updated_at
from ranked
group by account_id
