with links as (
    select * from {{ source('rules', 'campaign_links') }}
),

salesforce_campaigns as (
    select
        campaigns.record_key,
        'salesforce' as vendor,
        campaigns.campaign_id as record_id,
        campaigns.name,
        campaigns.type,
        campaigns.status,
        {{ slug('campaigns.name') }} as utm,
        campaigns.actual_cost as cost,
        campaigns.budgeted_cost as budget,
        coalesce(campaigns.currency, {{ own_currency('salesforce') }}) as currency,
        campaigns.start_date,
        campaigns.end_date,
        {{ record_key('salesforce', 'Campaign', 'campaigns.parent_campaign_id') }} as parent_record_key,
        links.other_id
    from {{ ref('stg_salesforce__campaigns') }} as campaigns
    left join links on links.vendor = 'salesforce' and campaigns.campaign_id = links.record_id
),

hubspot_campaigns as (
    select
        campaigns.record_key,
        'hubspot' as vendor,
        campaigns.campaign_id as record_id,
        campaigns.name,
        cast(null as varchar) as type,
        campaigns.status,
        coalesce({{ slug('campaigns.utm') }}, {{ slug('campaigns.name') }}) as utm,
        campaigns.spend as cost,
        campaigns.budget,
        coalesce(campaigns.currency, {{ own_currency('hubspot') }}) as currency,
        campaigns.start_date,
        campaigns.end_date,
        cast(null as varchar) as parent_record_key,
        links.other_id
    from {{ ref('stg_hubspot__campaigns') }} as campaigns
    left join links on links.vendor = 'hubspot' and campaigns.campaign_id = links.record_id
),

-- Marketing Cloud knows of a campaign its name and a code, in which the id of the CRM's campaign may be kept.
marketing_cloud_campaigns as (
    select
        campaigns.record_key,
        'marketing_cloud' as vendor,
        campaigns.campaign_id as record_id,
        campaigns.name,
        cast(null as varchar) as type,
        cast(null as varchar) as status,
        coalesce({{ slug('campaigns.campaign_code') }}, {{ slug('campaigns.name') }}) as utm,
        cast(null as decimal(18, 2)) as cost,
        cast(null as decimal(18, 2)) as budget,
        cast(null as varchar) as currency,
        cast(null as date) as start_date,
        cast(null as date) as end_date,
        cast(null as varchar) as parent_record_key,
        coalesce(links.other_id, campaigns.campaign_code) as other_id
    from {{ ref('stg_marketing_cloud__campaigns') }} as campaigns
    left join links on links.vendor = 'marketing_cloud' and campaigns.campaign_id = links.record_id
)

select * from salesforce_campaigns
union all by name
select * from hubspot_campaigns
union all by name
select * from marketing_cloud_campaigns
