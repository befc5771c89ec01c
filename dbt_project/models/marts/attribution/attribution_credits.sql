-- Numbers stand in for ids, in the order of the ids: sorting millions of them is most of the work here.
with deals as (
    select
        opportunity_id,
        currency,
        is_won,
        is_closed,
        cast(round(amount * 100) as bigint) as amount_minor,
        cast(round(amount_converted * 100) as bigint) as converted_minor,
        row_number() over (order by opportunity_id) as deal_no
    from {{ ref('int_opportunities') }}
),

names as (
    select
        model,
        row_number() over (order by model) as model_no,
        count(*) over () as models
    from (select distinct model from {{ ref('int_credits_weighted') }}) as known
),

touches as (
    select
        touchpoint_id,
        person_id,
        channel,
        campaign_id,
        row_number() over (order by touchpoint_id) as touch_no
    from {{ ref('attribution_touchpoints') }}
    where touchpoint_id in (select credited.touchpoint_id from {{ ref('int_credits_weighted') }} as credited)
),

weighted as (
    select
        deals.deal_no,
        deals.deal_no * names.models + names.model_no as share_of,
        names.model_no,
        touches.touch_no,
        credits.weight,
        deals.amount_minor,
        deals.converted_minor,
        100000000 as share_units
    from {{ ref('int_credits_weighted') }} as credits
    inner join deals on credits.opportunity_id = deals.opportunity_id
    inner join touches on credits.touchpoint_id = touches.touchpoint_id
    inner join names on credits.model = names.model
),

floors as (
    select
        *,
        {{ apportion_floor('share_units', 'weight', 'share_of') }} as share_floor,
        {{ apportion_remainder('share_units', 'weight', 'share_of') }} as share_remainder,
        {{ apportion_floor('amount_minor', 'weight', 'share_of') }} as amount_floor,
        {{ apportion_remainder('amount_minor', 'weight', 'share_of') }} as amount_remainder,
        {{ apportion_floor('converted_minor', 'weight', 'share_of') }} as converted_floor,
        {{ apportion_remainder('converted_minor', 'weight', 'share_of') }} as converted_remainder
    from weighted
),

shared as (
    select
        *,
        {{ apportion('share_units', 'share_floor', 'share_remainder', 'share_of', 'touch_no') }}
            as share_part,
        {{ apportion('amount_minor', 'amount_floor', 'amount_remainder', 'share_of', 'touch_no') }}
            as amount_part,
        {{ apportion(
            'converted_minor', 'converted_floor', 'converted_remainder', 'share_of', 'touch_no'
        ) }} as converted_part
    from floors
),

credits as (
    select
        deals.opportunity_id,
        touches.touchpoint_id,
        names.model,
        touches.person_id,
        touches.channel,
        touches.campaign_id,
        {{ minor_units('shared.share_part', 8) }} as share,
        {{ minor_units('shared.amount_part', 2) }} as amount,
        {{ minor_units('shared.converted_part', 2) }} as amount_converted,
        deals.currency,
        deals.is_won,
        deals.is_closed
    from shared
    inner join deals on shared.deal_no = deals.deal_no
    inner join touches on shared.touch_no = touches.touch_no
    inner join names on shared.model_no = names.model_no
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
