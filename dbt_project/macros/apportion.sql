{#-
    A whole number shared out by whole weights, so that the parts add up to it exactly: each gets its part rounded
    down, and what is left goes one by one to the largest remainders, ties to the earlier in the list.
    Three steps over a list, one CTE each: `apportion_parts` inside the transform of the weights, where w is a weight
    and i its place, gives what each gets for sure and by how much it is due more; `apportion_limit` says from where
    on one is given more; `apportion_part` gives it. `weight` is the sum of the weights, `weights` their list.
    Products that could pass 63 bits are worked out in 128 (`wide`), which is five times as slow.
-#}
{% macro apportion_parts(name, total, wide=false) -%}
    {%- set whole = 'cast(abs(' ~ total ~ ') as ' ~ ('hugeint' if wide else 'bigint') ~ ')' -%}
    '{{ name }}': cast({{ whole }} * w // weight as bigint),
    '{{ name }}_due': cast({{ whole }} * w % weight * len(weights) + len(weights) - i as {{ 'hugeint' if wide else 'bigint' }})
{%- endmacro %}

{% macro apportion_limit(name, total, parts) -%}
    list_reverse_sort(list_transform({{ parts }}, lambda p: p.{{ name }}_due))[
        cast(abs({{ total }}) - list_sum(list_transform({{ parts }}, lambda p: p.{{ name }})) as bigint)
    ]
{%- endmacro %}

{% macro apportion_part(name, total, part) -%}
    cast(
        sign({{ total }}) * ({{ part }}.{{ name }} + cast(coalesce({{ part }}.{{ name }}_due >= {{ name }}_limit, false) as bigint))
        as bigint
    )
{%- endmacro %}

{#-
    The money of int_credit_money (share_units, amount_minor, converted_minor) shared out by the weights of
    int_credit_weights, each exactly: a row per touch that has a part, with `share_part`, `amount_part` and
    `converted_part` in minor units.
-#}
{% macro apportioned_credits() -%}
    {{ adapter.dispatch('apportioned_credits')() }}
{%- endmacro %}

{% macro default__apportioned_credits() -%}
    {%- set money = [('share', 'share_units'), ('amount', 'amount_minor'), ('converted', 'converted_minor')] -%}
(
    with weighted as (
        select
            money.* exclude (journey),
            credits.weights,
            credits.weight,
            cast(greatest(abs(money.amount_minor), abs(money.converted_minor), money.share_units) as double)
            * len(credits.weights) * credits.weight > 9e18 as is_wide
        from {{ ref('int_credit_weights') }} as credits
        inner join {{ ref('int_credit_money') }} as money
            on credits.opportunity_id = money.opportunity_id and credits.model = money.model
        where
            {{ is_due("credits.opportunity_id || ':' || credits.model") }}
            and {{ is_due("money.opportunity_id || ':' || money.model") }}
    ),

    shared as (
        select
            * exclude (weights),
            case
                when is_wide
                    then list_transform(
                        weights,
                        lambda w, i: {
                            'weight': w,
                            {%- for name, total in money %}
                                {{ apportion_parts(name, total, wide=true) }}{{ ',' if not loop.last }}
                            {%- endfor %}
                        }
                    )
                else list_transform(
                    weights,
                    lambda w, i: {
                        'weight': w,
                        {%- for name, total in money %}
                            {{ apportion_parts(name, total) }}{{ ',' if not loop.last }}
                        {%- endfor %}
                    }
                )
            end as parts
        from weighted
    ),

    limited as (
        select
            *,
            {%- for name, total in money %}
                {{ apportion_limit(name, total, 'parts') }} as {{ name }}_limit{{ ',' if not loop.last }}
            {%- endfor %}
        from shared
    ),

    unnested as (
        select
            limited.* exclude (parts),
            journeys.via,
            unnest(journeys.touchpoint_ids) as touchpoint_id,
            unnest(journeys.person_ids) as person_id,
            unnest(journeys.channels) as channel,
            unnest(journeys.campaign_ids) as campaign_id,
            unnest(limited.parts) as part
        from limited
        inner join {{ ref('int_credit_journeys') }} as journeys
            on limited.opportunity_id = journeys.opportunity_id and limited.basis = journeys.basis
    )

    select
        * exclude (part),
        {%- for name, total in money %}
            {{ apportion_part(name, total, 'part') }} as {{ name }}_part{{ ',' if not loop.last }}
        {%- endfor %}
    from unnested
    where part.weight > 0
)
{%- endmacro %}
