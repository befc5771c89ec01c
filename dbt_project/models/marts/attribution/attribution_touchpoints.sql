select
    touches.touchpoint_id,
    touches.person_id,
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
    touches.record_key,
    touches.source_record_key
from {{ ref('int_touches') }} as touches
left join {{ ref('int_campaigns') }} as campaigns on touches.campaign_id = campaigns.campaign_id
where touches.is_counted
