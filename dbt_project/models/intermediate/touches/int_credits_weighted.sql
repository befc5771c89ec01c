-- Each creditable touch of an opportunity with its weight under each model, as whole numbers.
with people as (
    select
        opportunity_people.opportunity_id,
        opportunity_people.person_id,
        opportunities.created_at,
        -- A close date is a day: touches count until it is over. Open deals count until now.
        case
            when opportunities.is_closed
                then coalesce(
                    date_trunc('day', opportunities.closed_at) + interval 1 day,
                    {{ run_value('as_of') }}
                )
            else {{ run_value('as_of') }}
        end as counts_until
    from {{ ref('int_opportunity_people') }} as opportunity_people
    inner join {{ ref('int_opportunities') }} as opportunities
        on opportunity_people.opportunity_id = opportunities.opportunity_id
),

creditable as (
    select
        people.opportunity_id,
        people.created_at,
        touches.touchpoint_id,
        touches.occurred_at,
        row_number() over (
            partition by people.opportunity_id order by touches.occurred_at, touches.touchpoint_id
        ) as nth
    from people
    inner join {{ ref('int_touches') }} as touches on people.person_id = touches.person_id
    where touches.is_counted and touches.earns_credit and touches.occurred_at < people.counts_until
),

within_lookback as (
    select
        creditable.opportunity_id,
        creditable.touchpoint_id,
        models.model,
        row_number() over opening as nth,
        row_number() over closing as nth_last
    from creditable
    cross join {{ source('rules', 'attribution_models') }} as models
    where
        creditable.nth = 1
        or creditable.created_at is null
        or creditable.occurred_at >= creditable.created_at - to_days(cast(models.lookback_days as integer))
    window
        opening as (
            partition by creditable.opportunity_id, models.model
            order by creditable.occurred_at asc, creditable.touchpoint_id asc
        ),
        closing as (
            partition by creditable.opportunity_id, models.model
            order by creditable.occurred_at desc, creditable.touchpoint_id desc
        )
),

weighted as (
    select
        opportunity_id,
        touchpoint_id,
        model,
        case model
            when 'first' then cast(nth = 1 as bigint)
            when 'last' then cast(nth_last = 1 as bigint)
            when 'linear' then 1
        end as weight
    from within_lookback
)

select * from weighted
where weight > 0
