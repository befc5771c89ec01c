{#-
    What each touch of a journey weighs under each model, as lists in the order of the journey (model int_credit_weights).
    No list is captured by a lambda that walks another one: each step would copy it.
-#}
{% macro credit_weights() -%}
    {{ adapter.dispatch('credit_weights')() }}
{%- endmacro %}

{% macro default__credit_weights() -%}
(
    with due as (
        select
            parts.opportunity_id,
            parts.basis,
            parts.model
        from {{ ref('int_credit_parts') }} as parts
        where {{ is_due("parts.opportunity_id || ':' || parts.model") }}
    ),

    -- Most models ask only how many touches there are and which points they hold. Under the others all deals may be due: it is
    -- asked which are under these.
    due_by_shape as (
        select
            due.opportunity_id,
            due.basis,
            due.model
        from due
        inner join {{ source('rules', 'attribution_models') }} as models on due.model = models.model
        where models.method in ('points', 'steps')
    ),

    -- A few journeys in a hundred differ in that.
    shapes as (
        select
            journeys.basis,
            journeys.touches_counted,
            journeys.places,
            journeys.points,
            list(journeys.opportunity_id) as opportunity_ids
        from {{ ref('int_credit_journeys') }} as journeys
        semi join due_by_shape
            on journeys.opportunity_id = due_by_shape.opportunity_id and journeys.basis = due_by_shape.basis
        group by journeys.basis, journeys.touches_counted, journeys.places, journeys.points
    ),

    shaped as (
        select
            shapes.basis,
            shapes.touches_counted,
            shapes.opportunity_ids,
            models.* exclude (basis, places),
            models.places as at_place,
            list_transform(
                list_zip(shapes.places, shapes.points), lambda t: {'place': t[1], 'points': t[2]}
            ) as touches
        from shapes
        inner join {{ source('rules', 'attribution_models') }} as models on shapes.basis = models.basis
        where models.model in (select due_by_shape.model from due_by_shape)
    ),

    -- The others look at moments or channels too. Whole numbers, in the order of the journey's touches; 0 for a touch that
    -- has no part.
    chosen as (
        select
            journeys.opportunity_id,
            journeys.basis,
            journeys.touches_counted,
            models.model,
            models.method,
            models.half_life_days,
            list_max(
                list_transform(
                    list_filter(list_zip(journeys.places, journeys.moments), lambda t: t[1] is not null), lambda t: t[2]
                )
            ) as last_at,
            list_transform(
                list_zip(journeys.places, journeys.moments, journeys.channels),
                lambda t: {'place': t[1], 'occurred_at': t[2], 'channel': t[3]}
            ) as touches
        from due
        inner join {{ ref('int_credit_journeys') }} as journeys
            on due.opportunity_id = journeys.opportunity_id and due.basis = journeys.basis
        inner join {{ source('rules', 'attribution_models') }} as models on due.model = models.model
        where models.method not in ('points', 'steps')
    ),

    -- Points of a journey: held by some touches, the weight of the others shared by the rest.
    held as (
        select
            *,
            list_transform(
                touches,
                lambda t: case
                    when t.place is not null or t.points & mask > 0
                        then {
                            'points': bit_count(t.points & mask)
                            + cast(coalesce(at_place[t.place], 0) > 0 as bigint)
                            + cast(coalesce(places_back[touches_counted - t.place + 1], 0) > 0 as bigint),
                            'weight': w_first * (t.points & 1)
                            + w_lead * ((t.points >> 1) & 1)
                            + w_opportunity * ((t.points >> 2) & 1)
                            + w_close * ((t.points >> 3) & 1)
                            + w_last * ((t.points >> 4) & 1)
                            + w_primary * ((t.points >> 5) & 1)
                            + coalesce(at_place[t.place], 0)
                            + coalesce(places_back[touches_counted - t.place + 1], 0)
                        }
                end
            ) as holds
        from shaped
        where method = 'points'
    ),

    counted as (
        select
            *,
            cast(list_sum(list_transform(holds, lambda h: h.points)) as bigint) as points_held,
            len(list_filter(holds, lambda h: h.points = 0)) as others
        from held
    ),

    by_points as (
        select
            opportunity_ids,
            basis,
            model,
            list_transform(
                holds,
                lambda h: cast(
                    case
                        when h is null then 0
                        -- None of the points has a touch: all share, unless they are not of the campaign it is about.
                        when points_held = 0 and w_others = 0 then cast(mask & 32 = 0 as bigint)
                        when h.points = 0 then w_others
                        -- Whole numbers keep proportions exact: all times the number of others, or of points held.
                        when w_others = 0 then h.weight
                        when others > 0 then h.weight * others
                        else h.weight * points_held + w_others * h.points
                    end as bigint
                )
            ) as weights
        from counted
    ),

    by_steps as (
        select
            opportunity_ids,
            basis,
            model,
            list_transform(
                touches,
                lambda t: cast(
                    case
                        when t.place is null then 0
                        else round(1e9 * pow(2.0, -least(touches_counted - t.place, 60)))
                    end as bigint
                )
            ) as weights
        from shaped
        where method = 'steps' and touches_counted > 0
    ),

    by_age as (
        select
            opportunity_id,
            basis,
            model,
            list_transform(
                touches,
                lambda t: cast(
                    case
                        when t.place is null then 0
                        -- From the last touch on: between touches the same as from the close, and it never is nothing.
                        else round(
                            1e9 * pow(2.0, -(epoch_us(last_at) - epoch_us(t.occurred_at)) / 86400e6 / half_life_days)
                        )
                    end as bigint
                )
            ) as weights
        from chosen
        where method = 'decay' and touches_counted > 0
    ),

    channel_worth as (
        select
            model,
            map_from_entries(list({'channel': channel, 'worth': value} order by channel)) as worth
        from {{ ref('int_channel_values') }}
        group by model
    ),

    -- A channel's part is shared by its touches: how many it has, and which came first.
    of_channels as (
        select
            chosen.*,
            channel_worth.worth,
            list_transform(list_filter(chosen.touches, lambda t: t.place is not null), lambda t: t.channel) as channels
        from chosen
        left join channel_worth on chosen.model = channel_worth.model
        where chosen.method in ('shapley', 'shapley_ordered', 'channel') and chosen.touches_counted > 0
    ),

    told_apart as (
        select
            *,
            list_histogram(channels) as touches_of,
            case
                when method = 'shapley_ordered'
                    then map_from_entries(
                        list_transform(
                            list_distinct(channels), lambda c: {'channel': c, 'first': list_position(channels, c)}
                        )
                    )
            end as first_of
        from of_channels
    ),

    by_channel as (
        select
            opportunity_id,
            basis,
            model,
            list_transform(
                touches,
                lambda t: cast(
                    case
                        when t.place is null then 0
                        when method = 'shapley' then round(1e9 / touches_of[t.channel])
                        when method = 'shapley_ordered' then cast(first_of[t.channel] = t.place as bigint)
                        else round(1e9 * coalesce(worth[t.channel], 0) / touches_of[t.channel])
                    end as bigint
                )
            ) as weights,
            list_transform(touches, lambda t: cast(t.place is not null as bigint)) as evenly
        from told_apart
    ),

    -- Who has no part at all is left out here by what is cheap to ask: asked of the weights, they would be worked out twice.
    unioned as (
        select * from by_points
        where list_sum(weights) > 0
        union all
        select * from by_steps
        union all
        select
            [opportunity_id] as opportunity_ids,
            basis,
            model,
            weights
        from by_age
        union all
        -- Where no channel of a deal is worth anything, all share.
        select
            [opportunity_id] as opportunity_ids,
            basis,
            model,
            case when list_sum(weights) = 0 then evenly else weights end as weights
        from by_channel
    ),

    weighed as (
        select
            *,
            cast(list_sum(weights) as bigint) as weight,
            len(weights) as n,
            list_max(weights) = list_sum(weights) as is_alone,
            cast(list_sum(weights) as double) * {{ share_units() }} > 9e18 as is_wide
        from unioned
    ),

    -- What each has of the deal does not depend on money, so it is worked out here: once for journeys of one shape.
    due_shares as (
        select
            *,
            {{ apportion_dues(share_units()) }} as share_dues
        from weighed
    ),

    limited as (
        select
            * exclude (share_dues),
            {{ apportion_limit('share_dues') }} as share_limit
        from due_shares
    ),

    shared as (
        select
            opportunity_ids,
            basis,
            model,
            weights,
            weight,
            list_transform(
                weights, lambda w, i: cast({{ apportion_part(share_units(), 'share_limit') }} as integer)
            ) as shares
        from limited
    ),

    told as (
        select
            unnest(opportunity_ids) as opportunity_id,
            * exclude (opportunity_ids)
        from shared
    )

    select told.*
    from told
    semi join due on told.opportunity_id = due.opportunity_id and told.model = due.model
)
{%- endmacro %}
