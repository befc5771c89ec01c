{#-
    What each touch of a journey weighs under each model, as lists in the order of the journey (model int_credit_weights).
    No list is captured by a lambda that walks another one: each step would copy it.
-#}
{% macro credit_weights() -%}
    {{ adapter.dispatch('credit_weights')() }}
{%- endmacro %}

{% macro default__credit_weights() -%}
(
    -- Whole numbers, in the order of the journey's touches; 0 for a touch that has no part.
    with chosen as (
        select
            journeys.opportunity_id,
            journeys.basis,
            journeys.touches_counted,
            models.* exclude (basis, places),
            models.places as at_place,
            list_max(
                list_transform(
                    list_filter(list_zip(journeys.places, journeys.moments), lambda t: t[1] is not null), lambda t: t[2]
                )
            ) as last_at,
            list_transform(
                list_zip(journeys.places, journeys.points, journeys.moments, journeys.channels),
                lambda t: {'place': t[1], 'points': t[2], 'occurred_at': t[3], 'channel': t[4]}
            ) as touches
        from {{ ref('int_credit_parts') }} as parts
        inner join {{ ref('int_credit_journeys') }} as journeys
            on parts.opportunity_id = journeys.opportunity_id and parts.basis = journeys.basis
        inner join {{ source('rules', 'attribution_models') }} as models on parts.model = models.model
        where {{ is_due("parts.opportunity_id || ':' || parts.model") }}
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
        from chosen
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
            opportunity_id,
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
                        when method = 'decay'
                            then round(
                                1e9 * pow(2.0, -(epoch_us(last_at) - epoch_us(t.occurred_at)) / 86400e6 / half_life_days)
                            )
                        else round(1e9 * pow(2.0, -least(touches_counted - t.place, 60)))
                    end as bigint
                )
            ) as weights
        from chosen
        where method in ('decay', 'steps')
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
        where chosen.method in ('shapley', 'shapley_ordered', 'channel')
    ),

    told_apart as (
        select
            *,
            map_from_entries(
                list_transform(
                    list_sort(list_distinct(channels)),
                    lambda c: {
                        'channel': c,
                        'parts': {
                            'touches': len(list_filter(channels, lambda o: o = c)),
                            'first': list_position(channels, c)
                        }
                    }
                )
            ) as of_channel
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
                        when method = 'shapley' then round(1e9 / of_channel[t.channel].touches)
                        when method = 'shapley_ordered' then cast(of_channel[t.channel].first = t.place as bigint)
                        else round(1e9 * coalesce(worth[t.channel], 0) / of_channel[t.channel].touches)
                    end as bigint
                )
            ) as weights,
            list_transform(touches, lambda t: cast(t.place is not null as bigint)) as evenly
        from told_apart
    ),

    unioned as (
        select * from by_points
        union all
        select * from by_age
        union all
        -- Where no channel of a deal is worth anything, all share.
        select
            * exclude (weights, evenly),
            case when list_sum(weights) = 0 then evenly else weights end as weights
        from by_channel
    )

    select
        *,
        cast(list_sum(weights) as bigint) as weight
    from unioned
    where list_sum(weights) > 0
)
{%- endmacro %}
