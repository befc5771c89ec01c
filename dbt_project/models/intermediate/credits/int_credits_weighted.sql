with touches as (
    select
        *,
        count(*) over (partition by opportunity_id, basis, channel) as touches_of_channel,
        row_number() over (
            partition by opportunity_id, basis, channel order by occurred_at, touchpoint_id
        ) as nth_of_channel,
        max(occurred_at) over (partition by opportunity_id, basis) as last_at
    from {{ ref('int_credit_touches') }}
    where is_counted
),

models as (
    select * from {{ source('rules', 'attribution_models') }}
),

-- Points of a journey: held by some touches, the weight of the others shared by the rest.
pointed as (
    select
        touches.opportunity_id,
        touches.touchpoint_id,
        models.model,
        models.w_others,
        bit_count(touches.points & models.mask)
        + cast(coalesce(models.places[touches.place], 0) > 0 as bigint)
        + cast(coalesce(models.places_back[touches.touches - touches.place + 1], 0) > 0 as bigint) as held,
        models.w_first * (touches.points & 1)
        + models.w_lead * ((touches.points >> 1) & 1)
        + models.w_opportunity * ((touches.points >> 2) & 1)
        + models.w_close * ((touches.points >> 3) & 1)
        + models.w_last * ((touches.points >> 4) & 1)
        + models.w_primary * ((touches.points >> 5) & 1)
        + coalesce(models.places[touches.place], 0)
        + coalesce(models.places_back[touches.touches - touches.place + 1], 0) as weight_held,
        models.mask & 32 > 0 as needs_campaign
    from {{ ref('int_credit_touches') }} as touches
    inner join models on touches.basis = models.basis and models.method = 'points'
    where touches.is_counted or touches.points & models.mask > 0
),

counted as (
    select
        opportunity_id,
        model,
        sum(held) as points_held,
        count(*) filter (where held = 0) as others
    from pointed
    group by opportunity_id, model
),

by_points as (
    select
        pointed.opportunity_id,
        pointed.touchpoint_id,
        pointed.model,
        cast(
            case
                -- None of the model's points has a touch: all share, unless they are not of the campaign it is about.
                when counted.points_held = 0 and pointed.w_others = 0
                    then cast(not pointed.needs_campaign as bigint)
                when pointed.held = 0 then pointed.w_others
                -- Whole numbers keep proportions exact: all weights times the number of others, or of points held.
                when pointed.w_others = 0 then pointed.weight_held
                when counted.others > 0 then pointed.weight_held * counted.others
                else pointed.weight_held * counted.points_held + pointed.w_others * pointed.held
            end as bigint
        ) as weight
    from pointed
    inner join counted on pointed.opportunity_id = counted.opportunity_id and pointed.model = counted.model
),

by_age as (
    select
        touches.opportunity_id,
        touches.touchpoint_id,
        models.model,
        cast(
            case models.method
                -- From the last touch on: between touches the same as from the close, and it never comes to nothing.
                when 'decay'
                    then round(
                        1e9 * pow(
                            2.0,
                            -(epoch_us(touches.last_at) - epoch_us(touches.occurred_at))
                            / 86400e6
                            / models.half_life_days
                        )
                    )
                when 'steps' then round(1e9 * pow(2.0, -least(touches.touches - touches.place, 60)))
                when 'shapley' then round(1e9 / touches.touches_of_channel)
                when 'shapley_ordered' then cast(touches.nth_of_channel = 1 as integer)
            end as bigint
        ) as weight
    from touches
    inner join models
        on
            touches.basis = models.basis
            and models.method in ('decay', 'steps', 'shapley', 'shapley_ordered')
),

-- A channel's worth over all journeys, shared by its touches. Where no channel of a deal is worth anything, all share.
valued as (
    select
        touches.opportunity_id,
        touches.touchpoint_id,
        models.model,
        cast(
            round(1e9 * coalesce(channel_values.value, 0) / touches.touches_of_channel) as bigint
        ) as weight
    from touches
    inner join models on touches.basis = models.basis and models.method = 'channel'
    left join {{ ref('int_channel_values') }} as channel_values
        on models.model = channel_values.model and touches.channel = channel_values.channel
),

by_channel as (
    select
        opportunity_id,
        touchpoint_id,
        model,
        case when sum(weight) over (partition by opportunity_id, model) = 0 then 1 else weight end as weight
    from valued
),

unioned as (
    select * from by_points
    union all
    select * from by_age
    union all
    select * from by_channel
)

select * from unioned
where weight > 0
