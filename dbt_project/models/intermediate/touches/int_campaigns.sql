with salesforce_campaigns as (
    select
        record_key as campaign_id,
        'salesforce' as vendor,
        campaign_id as source_id,
        name,
        type,
        status,
        cast(null as varchar) as utm,
        coalesce(actual_cost, budgeted_cost) as cost,
        {{ own_currency('salesforce') }} as currency,
        start_date,
        end_date
    from {{ ref('stg_salesforce__campaigns') }}
),

hubspot_campaigns as (
    select
        record_key as campaign_id,
        'hubspot' as vendor,
        campaign_id as source_id,
        name,
        cast(null as varchar) as type,
        status,
        lower(utm) as utm,
        coalesce(spend, budget) as cost,
        coalesce(currency, {{ own_currency('hubspot') }}) as currency,
        start_date,
        end_date
    from {{ ref('stg_hubspot__campaigns') }}
)

select * from salesforce_campaigns
union all
select * from hubspot_campaigns
