with counted as (
    select
        campaign_id,
        count(*) as touches
    from {{ ref('int_touches') }}
    where is_counted and campaign_id is not null
    group by campaign_id
),

-- What a campaign cost, evenly over what it did; null where nobody knows.
campaigns as (
    select
        campaigns.campaign_id,
        campaigns.name,
        cast(cast(campaigns.cost_converted as double) / counted.touches as decimal(18, 4)) as cost
    from counted
    inner join {{ ref('int_campaigns') }} as campaigns on counted.campaign_id = campaigns.campaign_id
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
    campaigns.cost,
    touches.record_key,
    touches.source_record_key
from {{ ref('int_touches') }} as touches
left join campaigns on touches.campaign_id = campaigns.campaign_id
left join {{ ref('int_people') }} as people on touches.person_id = people.person_id
where touches.is_counted
