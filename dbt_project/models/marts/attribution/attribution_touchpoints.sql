{{ config(materialized='view') }}

-- The touches that count, as int_touches has them: nothing is kept a second time. Publishing makes a table of it.
select
    touches.touchpoint_id,
    touches.person_id,
    people.account_id,
    touches.occurred_at,
    touches.channel,
    touches.source,
    touches.medium,
    touches.campaign_id,
    campaigns.name as campaign_name,
    touches.content,
    touches.touch_type,
    touches.is_response,
    touches.earns_credit,
    campaigns.cost,
    touches.record_key,
    touches.source_record_key
from {{ ref('int_touches') }} as touches
left join {{ ref('int_campaign_costs') }} as campaigns on touches.campaign_id = campaigns.campaign_id
left join {{ ref('int_people') }} as people on touches.person_id = people.person_id
where touches.is_counted
