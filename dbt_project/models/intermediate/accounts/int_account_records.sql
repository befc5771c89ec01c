with hubspot_companies as (
    select
        record_key,
        'hubspot' as vendor,
        'companies' as object,
        company_id as record_id,
        nullif(trim(name), '') as name,
        {{ normalize_domain('domain') }} as domain,
        industry,
        employees,
        annual_revenue,
        city,
        state,
        country,
        owner_id as owner_source_id,
        created_at,
        updated_at
    from {{ ref('stg_hubspot__companies') }}
),

salesforce_accounts as (
    select
        record_key,
        'salesforce' as vendor,
        'Account' as object,
        account_id as record_id,
        nullif(trim(name), '') as name,
        {{ normalize_domain('website') }} as domain,
        industry,
        employees,
        annual_revenue,
        city,
        state,
        country,
        owner_id as owner_source_id,
        created_at,
        updated_at
    from {{ ref('stg_salesforce__accounts') }}
),

unioned as (
    select * from hubspot_companies
    union all
    select * from salesforce_accounts
),

parents as (
    select
        'salesforce' as vendor,
        account_id as record_id,
        parent_account_id as parent_id
    from {{ ref('stg_salesforce__accounts') }}

    union all

    select
        'hubspot' as vendor,
        company_id as record_id,
        parent_id
    from {{ ref('int_company_parents') }}
),

-- Who shows its parent's domain. Of these alone names are spelled: of all of them it would be most of what this takes.
beside_parent as materialized (
    select
        unioned.domain,
        unioned.name,
        parent.name as parent_name
    from unioned
    inner join parents on unioned.vendor = parents.vendor and unioned.record_id = parents.record_id
    inner join unioned as parent on parents.vendor = parent.vendor and parents.parent_id = parent.record_id
    where unioned.domain = parent.domain
),

-- A company of its own name that shows its parent's domain, as a CRM says; the other CRM may know it without the parent.
subsidiaries as materialized (
    select distinct
        domain,
        {{ normalize_company_name('name') }} as compared_name
    from beside_parent
    where {{ normalize_company_name('name') }} != {{ normalize_company_name('parent_name') }}
)

select
    unioned.*,
    -- A mail provider's domain says nothing about who the company is, nor does a parent's.
    case
        when
            subsidiaries.compared_name is null
            and unioned.domain not in (
                select policy.value
                from {{ source('rules', 'identity') }} as policy
                where policy.setting = 'free_domain'
            )
            then unioned.domain
    end as company_domain
from unioned
left join subsidiaries
    on
        unioned.domain = subsidiaries.domain
        and case
            when unioned.domain in (select shown.domain from subsidiaries as shown)
                then {{ normalize_company_name('unioned.name') }}
        end = subsidiaries.compared_name
