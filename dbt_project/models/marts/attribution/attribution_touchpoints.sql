with counted as (
    select
        *,
        count(*) over (partition by campaign_id) as touches_of_campaign
    from {{ ref('int_touches') }}
    where is_counted
)

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
    -- What a campaign cost, evenly over what it did; null where nobody knows.
    cast(cast(campaigns.cost_converted as double) / touches.touches_of_campaign as decimal(18, 4)) as cost,
    touches.record_key,
    touches.source_record_key
from counted as touches
left join {{ ref('int_campaigns') }} as campaigns on touches.campaign_id = campaigns.campaign_id
left join {{ ref('int_people') }} as people on touches.person_id = people.person_id
