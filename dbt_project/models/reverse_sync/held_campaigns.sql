-- What is credited to campaigns that can hold nothing of ours: HubSpot's have its own properties only (another name is an
-- error or left out, by version of the API), Marketing Cloud's have a name, a description and a code. One that Salesforce
-- has too is written there, into one record: its other records there are counted.
with credited as (
    select campaigns.*
    from {{ ref('campaign_performance') }} as desired
    inner join {{ ref('int_campaigns') }} as campaigns on desired.campaign_id = campaigns.campaign_id
    inner join {{ source('rules', 'attribution_models') }} as models
        on desired.model = models.model and models.is_written_back
    inner join {{ source('rules', 'attribution_sync') }} as synced on synced.setting = 'revenue' and synced.is_on
    where desired.revenue != 0 or desired.pipeline != 0
)

select
    'campaigns_attribution' as sync,
    coalesce(campaigns.campaign_id_hubspot, campaigns.campaign_id_marketing_cloud) as record_id,
    campaigns.campaign_id as record_key,
    case
        when campaigns.campaign_id_hubspot is not null then 'HubSpot''s campaigns have no fields of ours to hold revenue'
        else 'Marketing Cloud''s campaigns have no fields of ours to hold revenue'
    end as reason
from credited as campaigns
where campaigns.campaign_id_salesforce is null

union all

select
    'campaigns_attribution' as sync,
    split_part(members.record_key, ':', 4) as record_id,
    members.record_key,
    'another Salesforce record of the same campaign holds what is credited to it' as reason
from credited as campaigns
inner join {{ ref('int_campaign_members') }} as members on campaigns.campaign_id = members.campaign_id
where
    members.record_key like 'salesforce:%'
    and split_part(members.record_key, ':', 4) != campaigns.campaign_id_salesforce
