with weighted as (
    select
        credits.opportunity_id,
        credits.touchpoint_id,
        credits.model,
        credits.weight,
        opportunities.currency,
        opportunities.is_won,
        opportunities.is_closed,
        opportunities.amount_converted is not null as is_convertible,
        cast(round(opportunities.amount * 100) as bigint) as amount_minor,
        100000000 as share_units
    from {{ ref('int_credits_weighted') }} as credits
    inner join {{ ref('int_opportunities') }} as opportunities
        on credits.opportunity_id = opportunities.opportunity_id
),

floors as (
    select
        *,
        {{ apportion_floor('share_units', 'weight', 'opportunity_id, model') }} as share_floor,
        {{ apportion_remainder('share_units', 'weight', 'opportunity_id, model') }} as share_remainder,
        {{ apportion_floor('amount_minor', 'weight', 'opportunity_id, model') }} as amount_floor,
        {{ apportion_remainder('amount_minor', 'weight', 'opportunity_id, model') }} as amount_remainder
    from weighted
),

shared as (
    select
        *,
        {{ apportion('share_units', 'share_floor', 'share_remainder', 'opportunity_id, model', 'touchpoint_id') }}
            as share_part,
        {{ apportion('amount_minor', 'amount_floor', 'amount_remainder', 'opportunity_id, model', 'touchpoint_id') }}
            as amount_part
    from floors
),

credits as (
    select
        shared.opportunity_id,
        shared.touchpoint_id,
        shared.model,
        touches.person_id,
        touches.channel,
        touches.campaign_id,
        {{ minor_units('shared.share_part', 8) }} as share,
        case when shared.is_won then {{ minor_units('shared.amount_part', 2) }} else 0 end as revenue,
        case when not shared.is_closed then {{ minor_units('shared.amount_part', 2) }} else 0 end as pipeline,
        shared.currency,
        shared.is_convertible
    from shared
    inner join {{ ref('attribution_touchpoints') }} as touches on shared.touchpoint_id = touches.touchpoint_id
)

select
    opportunity_id,
    touchpoint_id,
    model,
    person_id,
    channel,
    campaign_id,
    share,
    cast(revenue as decimal(18, 2)) as revenue,
    cast(case when is_convertible then revenue end as decimal(18, 2)) as revenue_converted,
    cast(pipeline as decimal(18, 2)) as pipeline,
    cast(case when is_convertible then pipeline end as decimal(18, 2)) as pipeline_converted,
    currency
from credits
