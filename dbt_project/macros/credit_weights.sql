{#-
    What each touch of a journey weighs under each model but the data-driven ones, as lists in the order of the journey (model int_credit_weights).
    No list is captured by a lambda that walks another one: each step would copy it.
-#}
{% macro credit_weights() -%}
    {{ adapter.dispatch('credit_weights')() }}
{%- endmacro %}

{% macro default__credit_weights() -%}
(
    with models as (
        select * from {{ source('rules', 'attribution_models') }}
        where not {{ is_data_driven() }}
    ),

    due as (
        select * from {{ ref('int_credit_journeys') }}
        where {{ is_due('opportunity_id') }}
    ),

    -- Most models ask only how many touches there are and which points they hold, in which few journeys in a hundred differ.
    shapes as (
        select
            basis,
            touches_counted,
            places,
            points,
            list(opportunity_id) as opportunity_ids
        from due
        group by basis, touches_counted, places, points
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
        inner join models on shapes.basis = models.basis
        where models.method in ('points', 'steps')
    ),

    -- The others look at moments or channels too. Whole numbers, in the order of the journey's touches; 0 for a touch that
    -- has no part.
    chosen as (
        select
            due.opportunity_id,
            due.basis,
            due.touches_counted,
            models.model,
            models.method,
            models.half_life_days,
            list_max(
                list_transform(
                    list_filter(list_zip(due.places, due.moments), lambda t: t[1] is not null), lambda t: t[2]
                )
            ) as last_at,
            list_transform(
                list_zip(due.places, due.moments, due.channels),
                lambda t: {'place': t[1], 'occurred_at': t[2], 'channel': t[3]}
            ) as touches
        from due
        inner join models on due.basis = models.basis
        where models.method not in ('points', 'steps') and due.touches_counted > 0
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
        where method = 'decay'
    ),

    -- A channel's part is shared by its touches: how many it has, and which came first.
    of_channels as (
        select
            *,
            list_transform(list_filter(touches, lambda t: t.place is not null), lambda t: t.channel) as channels
        from chosen
        where method in ('shapley', 'shapley_ordered')
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
                        else cast(first_of[t.channel] = t.place as bigint)
                    end as bigint
                )
            ) as weights
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
        select
            [opportunity_id] as opportunity_ids,
            basis,
            model,
            weights
        from by_channel
    ),

    {{ shared_by('unioned') }}
)
{%- endmacro %}
