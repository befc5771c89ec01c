with weighted as (
    select
        credits.opportunity_id,
        credits.touchpoint_id,
        credits.model,
        credits.weight,
        opportunities.currency,
        opportunities.is_won,
        opportunities.is_closed,
        cast(round(opportunities.amount * 100) as bigint) as amount_minor,
        cast(round(opportunities.amount_converted * 100) as bigint) as converted_minor,
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
        {{ apportion_remainder('amount_minor', 'weight', 'opportunity_id, model') }} as amount_remainder,
        {{ apportion_floor('converted_minor', 'weight', 'opportunity_id, model') }} as converted_floor,
        {{ apportion_remainder('converted_minor', 'weight', 'opportunity_id, model') }} as converted_remainder
    from weighted
),

shared as (
    select
        *,
        {{ apportion('share_units', 'share_floor', 'share_remainder', 'opportunity_id, model', 'touchpoint_id') }}
            as share_part,
        {{ apportion('amount_minor', 'amount_floor', 'amount_remainder', 'opportunity_id, model', 'touchpoint_id') }}
            as amount_part,
        {{ apportion(
            'converted_minor', 'converted_floor', 'converted_remainder', 'opportunity_id, model', 'touchpoint_id'
        ) }} as converted_part
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
        {{ minor_units('shared.amount_part', 2) }} as amount,
        {{ minor_units('shared.converted_part', 2) }} as amount_converted,
        shared.currency,
        shared.is_won,
        shared.is_closed
    from shared
    inner join {{ ref('attribution_touchpoints') }} as touches on shared.touchpoint_id = touches.touchpoint_id
)

select
    credits.opportunity_id,
    credits.touchpoint_id,
    credits.model,
    credits.person_id,
    credits.channel,
    credits.campaign_id,
    credits.share,
    cast(case when credits.is_won then credits.amount else 0 end as decimal(18, 2)) as revenue,
    cast(case when credits.is_won then credits.amount_converted else 0 end as decimal(18, 2)) as revenue_converted,
    cast(case when not credits.is_closed then credits.amount else 0 end as decimal(18, 2)) as pipeline,
    cast(
        case when not credits.is_closed then credits.amount_converted else 0 end as decimal(18, 2)
    ) as pipeline_converted,
    credits.currency,
    people.via
from credits
inner join {{ ref('int_opportunity_people') }} as people
    on credits.opportunity_id = people.opportunity_id and credits.person_id = people.person_id
