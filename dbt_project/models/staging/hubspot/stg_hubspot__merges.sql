-- Not one raw table but a fact that three of them hold in a list: which record took over which.
with merged as (
    select
        'contacts' as object,
        {{ record_key('hubspot', 'contacts', 'contact_id') }} as survivor_key,
        {{ record_key('hubspot', 'contacts', 'unnest(merged_contact_ids)') }} as merged_key
    from {{ ref('stg_hubspot__contacts') }}

    union all

    select
        'companies' as object,
        {{ record_key('hubspot', 'companies', 'company_id') }} as survivor_key,
        {{ record_key('hubspot', 'companies', 'unnest(merged_company_ids)') }} as merged_key
    from {{ ref('stg_hubspot__companies') }}

    union all

    select
        'deals' as object,
        {{ record_key('hubspot', 'deals', 'deal_id') }} as survivor_key,
        {{ record_key('hubspot', 'deals', 'unnest(merged_deal_ids)') }} as merged_key
    from {{ ref('stg_hubspot__deals') }}
)

select distinct
    object,
    survivor_key,
    merged_key
from merged
where merged_key != survivor_key
