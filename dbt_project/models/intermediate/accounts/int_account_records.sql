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
)

select
    unioned.*,
    -- A mail provider's domain says nothing about who the company is.
    case
        when unioned.domain not in (
            select policy.value
            from {{ source('rules', 'identity') }} as policy
            where policy.setting = 'free_domain'
        ) then unioned.domain
    end as company_domain
from unioned
