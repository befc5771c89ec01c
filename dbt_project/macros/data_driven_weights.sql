{#-
    What each touch of a journey weighs under the models that learn what channels are worth, as lists in the order of the
    journey: once for all deals whose touches are of the same channels.
-#}
{% macro data_driven_weights() -%}
    {{ adapter.dispatch('data_driven_weights')() }}
{%- endmacro %}

{% macro default__data_driven_weights() -%}
(
    with models as (
        select
            models.model,
            models.basis,
            map_from_entries(
                list({'channel': worths.channel, 'worth': worths.value} order by worths.channel)
                filter (where worths.channel is not null)
            ) as worth
        from {{ source('rules', 'attribution_models') }} as models
        left join {{ ref('int_channel_values') }} as worths on models.model = worths.model
        where {{ is_data_driven('models.method') }}
        group by models.model, models.basis
    ),

    -- A touch that does not count has no channel here.
    paths as (
        select
            basis,
            list_transform(list_zip(places, channels), lambda t: case when t[1] is not null then t[2] end) as channels,
            list(opportunity_id) as opportunity_ids
        from {{ ref('int_credit_journeys') }}
        where {{ is_due('opportunity_id') }} and basis in {{ data_driven_bases() }} and touches_counted > 0
        group by all
    ),

    -- A channel's part is shared by its touches.
    told_apart as (
        select
            *,
            list_histogram(channels) as touches_of
        from paths
    ),

    by_channel as (
        select
            told_apart.opportunity_ids,
            told_apart.basis,
            models.model,
            list_transform(
                told_apart.channels,
                lambda c: cast(
                    case
                        when c is null then 0
                        else round(1e9 * coalesce(models.worth[c], 0) / told_apart.touches_of[c])
                    end as bigint
                )
            ) as weights,
            list_transform(told_apart.channels, lambda c: cast(c is not null as bigint)) as evenly
        from told_apart
        inner join models on told_apart.basis = models.basis
    ),

    -- Where no channel of a deal is worth anything, all share.
    unioned as (
        select
            opportunity_ids,
            basis,
            model,
            case when list_sum(weights) = 0 then evenly else weights end as weights
        from by_channel
    ),

    {{ shared_by('unioned') }}
)
{%- endmacro %}

{#- Models that learn from journeys what each channel is worth: their credit for all deals moves with any journey. -#}
{% macro is_data_driven(method='method') -%} ({{ method }} = 'channel') {%- endmacro %}

{#- The bases of these models, for use behind `in`. -#}
{% macro data_driven_bases() -%}
    (
        select models.basis from {{ source('rules', 'attribution_models') }} as models
        where {{ is_data_driven('models.method') }}
    )
{%- endmacro %}
