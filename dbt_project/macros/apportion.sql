{#-
    A whole number shared out by whole weights, so that the parts add up to it exactly: each gets its part rounded
    down, and what is left goes one by one to the largest remainders, ties to the earlier in the list.
    Three steps, a CTE each, over a row with `weights` (a list), `weight` (their sum), `n` (how many), `is_alone` (one of
    them is the whole weight, and there is nothing to share) and `is_wide` (products could pass 63 bits; in 128 they are
    five times as slow): `apportion_dues` says by how much each is due more than its part rounded down, `apportion_limit`
    from where on one is given more, `apportion_part` what a weight w at place i gets.
-#}
{% macro apportion_dues(total) -%}
    case
        when is_alone then null
        when is_wide
            then list_transform(
                weights, lambda w, i: cast(cast(abs({{ total }}) as hugeint) * w % weight as bigint) * n + n - i
            )
        else list_transform(weights, lambda w, i: abs({{ total }}) * w % weight * n + n - i)
    end
{%- endmacro %}

{#- A share has eight digits. -#}
{% macro share_units() -%} 100000000 {%- endmacro %}

{#- What is due sums to what is left, times the weight and n, and to 0 + 1 + ... + (n - 1) of the places. -#}
{% macro apportion_limit(dues) -%}
    list_reverse_sort({{ dues }})[cast((list_sum({{ dues }}) - n * (n - 1) // 2) // (n * weight) as bigint)]
{%- endmacro %}

{% macro apportion_part(total, limit) -%}
    cast(
        sign({{ total }}) * case
            when is_wide
                then cast(cast(abs({{ total }}) as hugeint) * w // weight as bigint)
                + cast(
                    coalesce(
                        cast(cast(abs({{ total }}) as hugeint) * w % weight as bigint) * n + n - i >= {{ limit }}, false
                    ) as bigint
                )
            else abs({{ total }}) * w // weight
            + cast(coalesce(abs({{ total }}) * w % weight * n + n - i >= {{ limit }}, false) as bigint)
        end as bigint
    )
{%- endmacro %}

{#-
    The money of int_credit_money (amount_minor, converted_minor) shared out by the weights of int_credit_weights, each
    exactly: a row per touch that has a part, with `share_part` (which the weights have already), `amount_part` and
    `converted_part` in minor units. What costs is done within lists, and what is one for both moneys once; behind the
    lists there is only arithmetic.
-#}
{% macro apportioned_credits() -%}
    {{ adapter.dispatch('apportioned_credits')() }}
{%- endmacro %}

{% macro default__apportioned_credits() -%}
(
    with weighted as (
        select
            money.*,
            credits.basis,
            credits.model,
            credits.weights,
            credits.shares,
            credits.weight,
            len(credits.weights) as n,
            list_max(credits.weights) = credits.weight as is_alone,
            cast(greatest(abs(money.amount_minor), abs(money.converted_minor)) as double) * credits.weight
            > 9e18 as is_wide
        from {{ ref('int_credit_weights') }} as credits
        inner join {{ ref('int_credit_money') }} as money
            on credits.opportunity_id = money.opportunity_id
        where {{ is_due("credits.opportunity_id || ':' || credits.model") }}
    ),

    due as (
        select
            *,
            -- Most deals are in the company's own currency.
            converted_minor is not distinct from amount_minor as is_same,
            {{ apportion_dues('amount_minor') }} as amount_dues,
            case when not is_same then {{ apportion_dues('converted_minor') }} end as converted_dues
        from weighted
    ),

    limited as (
        select
            * exclude (amount_dues, converted_dues),
            {{ apportion_limit('amount_dues') }} as amount_limit,
            {{ apportion_limit('converted_dues') }} as converted_limit
        from due
    ),

    unnested as (
        select
            limited.* exclude (weights, shares),
            journeys.via,
            unnest(journeys.touchpoint_ids) as touchpoint_id,
            unnest(journeys.days) as touched_on,
            unnest(journeys.person_ids) as person_id,
            unnest(journeys.channels) as channel,
            unnest(journeys.campaign_ids) as campaign_id,
            unnest(limited.shares) as share_part,
            unnest(limited.weights) as w,
            unnest(range(1, limited.n + 1)) as i
        from limited
        inner join {{ ref('int_credit_journeys') }} as journeys
            on limited.opportunity_id = journeys.opportunity_id and limited.basis = journeys.basis
    ),

    parted as (
        select
            *,
            {{ apportion_part('amount_minor', 'amount_limit') }} as amount_part
        from unnested
        where w > 0
    )

    select
        *,
        case when is_same then amount_part else {{ apportion_part('converted_minor', 'converted_limit') }} end as converted_part
    from parted
)
{%- endmacro %}
