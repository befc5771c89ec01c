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
    CTEs that go on from the one named, and a row for each of `opportunity_ids` of what weighs touches of theirs (`basis`, `model`, `weights`), with the weight of all
    and each share. What each has of the deal does not depend on money, so it is worked out before these are told apart.
-#}
{% macro shared_by(weighing) -%}
    weighed as (
        select
            *,
            cast(list_sum(weights) as bigint) as weight,
            len(weights) as n,
            list_max(weights) = list_sum(weights) as is_alone,
            cast(list_sum(weights) as double) * {{ share_units() }} > 9e18 as is_wide
        from {{ weighing }}
    ),

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
    )

    select
        unnest(opportunity_ids) as opportunity_id,
        * exclude (opportunity_ids)
    from shared
{%- endmacro %}

{#-
    The money of int_credit_money (amount_minor, converted_minor) shared out by weights (a relation, or SQL in brackets), each
    exactly, but for its last step: a row for each of the weights' with what of both moneys is left to whom.
-#}
{% macro credit_parts(weights) -%}
    {{ adapter.dispatch('credit_parts')(weights) }}
{%- endmacro %}

{% macro default__credit_parts(weights) -%}
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
        from {{ weights }} as credits
        inner join {{ ref('int_credit_money') }} as money
            on credits.opportunity_id = money.opportunity_id
        where {{ is_due('credits.opportunity_id') }} and {{ is_due('money.opportunity_id') }}
    ),

    due as (
        select
            *,
            -- Most deals are in the company's own currency.
            converted_minor is not distinct from amount_minor as is_same,
            {{ apportion_dues('amount_minor') }} as amount_dues,
            case when not is_same then {{ apportion_dues('converted_minor') }} end as converted_dues
        from weighted
    )

    select
        * exclude (amount_dues, converted_dues),
        {{ apportion_limit('amount_dues') }} as amount_limit,
        {{ apportion_limit('converted_dues') }} as converted_limit
    from due
)
{%- endmacro %}

{#-
    Of these parts the rows of attribution_credits, one for each touch that has a part. What costs was done within lists, and
    what is one for both moneys once; here is only arithmetic.
-#}
{% macro credits_of(parts, is_asked='true') -%}
    {{ adapter.dispatch('credits_of')(parts, is_asked) }}
{%- endmacro %}

{% macro default__credits_of(parts, is_asked) -%}
(
    with unnested as (
        select
            parts.* exclude (weights, shares),
            journeys.via,
            unnest(journeys.touchpoint_ids) as touchpoint_id,
            unnest(journeys.days) as touched_on,
            unnest(journeys.person_ids) as person_id,
            unnest(journeys.channels) as channel,
            unnest(journeys.campaign_ids) as campaign_id,
            unnest(parts.shares) as share_part,
            unnest(parts.weights) as w,
            unnest(range(1, parts.n + 1)) as i
        from {{ parts }} as parts
        inner join {{ ref('int_credit_journeys') }} as journeys
            on parts.opportunity_id = journeys.opportunity_id and parts.basis = journeys.basis
        where {{ is_asked }}
    ),

    parted as (
        select
            *,
            {{ apportion_part('amount_minor', 'amount_limit') }} as amount_part
        from unnested
        where w > 0
    ),

    converted as (
        select
            *,
            case
                when is_same then amount_part else {{ apportion_part('converted_minor', 'converted_limit') }}
            end as converted_part
        from parted
    ),

    counted as (
        select
            *,
            {{ minor_units('share_part', 8) }} as share,
            {{ minor_units('amount_part', 2) }} as amount,
            {{ minor_units('converted_part', 2) }} as amount_converted
        from converted
    )

    select
        opportunity_id,
        touchpoint_id,
        model,
        person_id,
        touched_on,
        channel,
        campaign_id,
        share,
        cast(case when is_won then amount else 0 end as decimal(18, 2)) as revenue,
        cast(case when is_won then amount_converted else 0 end as decimal(18, 2)) as revenue_converted,
        cast(case when not is_closed then amount else 0 end as decimal(18, 2)) as pipeline,
        cast(case when not is_closed then amount_converted else 0 end as decimal(18, 2)) as pipeline_converted,
        currency,
        is_won,
        is_closed,
        via
    from counted
)
{%- endmacro %}
