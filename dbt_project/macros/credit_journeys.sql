{#-
    The touches of each deal that count under each basis, as lists (model int_credit_journeys). A list is made once for a
    deal and worked on in place: nothing is joined, sorted or aggregated again, which is most of what attribution costs.
-#}
{% macro credit_journeys() -%}
    {{ adapter.dispatch('credit_journeys')() }}
{%- endmacro %}

{% macro default__credit_journeys() -%}
(
    -- A deal's touches are sorted once and kept as a list: what follows is done within lists.
    with met as (
        select
            touches.opportunity_id,
            any_value(touches.via) as via,
            list({
                'occurred_at': touches.occurred_at,
                'day': touches.day,
                'touchpoint_id': touches.touchpoint_id,
                'person_id': touches.person_id,
                'channel': touches.channel,
                'campaign_id': touches.campaign_id,
                'touch_type': touches.touch_type,
                'earns_credit': touches.earns_credit,
                'is_member': touches.is_member
            }) as touches
        from {{ ref('int_deal_touches') }} as touches
        where {{ is_due('touches.opportunity_id') }}
        group by touches.opportunity_id
    ),

    -- Only what orders them is sorted, not all that is known of them. Touches of one moment are told apart by id.
    in_order as (
        select
            opportunity_id,
            via,
            list_select(
                touches,
                list_transform(
                    list_sort(
                        list_transform(touches, lambda t, i: {'at': t.occurred_at, 'id': t.touchpoint_id, 'place': i})
                    ),
                    lambda o: o.place
                )
            ) as touches
        from met
    ),

    -- The first touch that a deal has is what it is, also to a model that leaves it out.
    begun as (
        select
            in_order.*,
            deals.* exclude (opportunity_id),
            in_order.touches[
                list_position(list_transform(in_order.touches, lambda t: t.earns_credit), true)
            ].touchpoint_id as first_ever
        from in_order
        inner join {{ ref('int_credit_deals') }} as deals on in_order.opportunity_id = deals.opportunity_id
        where {{ is_due('deals.opportunity_id') }}
    ),

    eligible as (
        select
            met.* exclude (touches),
            bases.*,
            to_days(cast(bases.lookback_days as integer)) as lookback,
            case bases.lookback_from when 'close' then met.counts_until else met.created_at end
            - to_days(cast(bases.lookback_days as integer)) as opens_at,
            case
                when bases.eligibility = 'campaign_members' then list_filter(met.touches, lambda t: t.is_member)
                else list_filter(
                    met.touches,
                    lambda t: t.earns_credit
                    and (len(bases.only_touch_types) = 0 or list_contains(bases.only_touch_types, t.touch_type))
                    -- Who falls back on direct touches does so on no other channel that is left out.
                    and not (
                        bases.unless_alone and t.channel <> 'direct' and list_contains(bases.without_channels, t.channel)
                    )
                )
            end as touches
        from begun as met
        cross join {{ source('rules', 'attribution_bases') }} as bases
    ),

    without as (
        select
            *,
            case
                when len(without_channels) = 0 then touches
                else list_filter(touches, lambda t: not list_contains(without_channels, t.channel))
            end as others
        from eligible
    ),

    kept as (
        select
            * exclude (touches, others),
            case
                -- Last non-direct falls back on direct touches where no others count.
                when
                    unless_alone
                    and others[1].touchpoint_id is distinct from first_ever
                    and not coalesce(others[-1].occurred_at >= opens_at, len(others) > 0)
                    then touches
                -- A campaign influences a deal once, by its first member.
                when eligibility = 'campaign_members'
                    then list_filter(
                        others,
                        lambda t, i: list_position(list_transform(others, lambda o: o.campaign_id), t.campaign_id) = i
                    )
                else others
            end as touches
        from without
    ),

    timed as (
        select
            *,
            list_transform(touches, lambda t: t.occurred_at) as moments,
            len(touches) as touches_ever,
            -- Only the very first touch has no window. A model that leaves it out has none that is exempt.
            cast(eligibility = 'campaign_members' or touches[1].touchpoint_id = first_ever as bigint) as exempt
        from kept
        where len(touches) > 0
    ),

    numbered as (
        select
            *,
            case
                when opens_at is null then 0 else len(list_filter(moments, lambda m: m < opens_at))
            end as before_window,
            {%- for milestone, moment in [('lead', 'lead_at'), ('opportunity', 'created_at'), ('close', 'won_at')] %}
                len(list_filter(moments, lambda m: m <= {{ moment }})) as until_{{ milestone }}{{ ',' if not loop.last }}
            {%- endfor %}
        from timed
    ),

    -- A milestone is earned by the last touch at or before it, within the window; without one nothing holds it. Only to be
    -- the first touch has no window.
    milestones as (
        select
            *,
            {%- for milestone, moment in [('lead', 'lead_at'), ('opportunity', 'created_at'), ('close', 'won_at')] %}
                case
                    when until_{{ milestone }} = 0 then 0
                    when
                        coalesce(moments[until_{{ milestone }}] >= {{ moment }} - lookback, true)
                        then until_{{ milestone }}
                    else 0
                end as {{ milestone }}_nth,
            {%- endfor %}
            -- What lies before the window comes right after the first touch, so places close up by leaving it out.
            greatest(before_window - exempt, 0) as passed_over,
            case when exempt = 1 then 1 else before_window + 1 end as first_nth,
            case when before_window < touches_ever then touches_ever else exempt end as last_nth
        from numbered
    ),

    placed as (
        select
            opportunity_id,
            basis,
            via,
            touches_ever - passed_over as touches_counted,
            list_filter(
                list_transform(
                    touches,
                    lambda t, i: {
                        'touch': t,
                        'place': case when i = first_nth then 1 when i > before_window then i - passed_over end,
                        'points': cast(i = first_nth as bigint)
                        + 2 * cast(i = lead_nth as bigint)
                        + 4 * cast(i = opportunity_nth as bigint)
                        + 8 * cast(i = close_nth as bigint)
                        + 16 * cast(i = last_nth as bigint)
                        + 32 * coalesce(cast(t.campaign_id = campaign_id as bigint), 0)
                    }
                ),
                lambda p: p.place is not null or p.points > 0
            ) as touches
        from milestones
    )

    select
        opportunity_id,
        basis,
        via,
        touches_counted,
        list_transform(touches, lambda p: p.touch.touchpoint_id) as touchpoint_ids,
        list_transform(touches, lambda p: p.touch.person_id) as person_ids,
        list_transform(touches, lambda p: p.touch.occurred_at) as moments,
        list_transform(touches, lambda p: p.touch.day) as days,
        list_transform(touches, lambda p: p.touch.channel) as channels,
        list_transform(touches, lambda p: p.touch.campaign_id) as campaign_ids,
        list_transform(touches, lambda p: p.place) as places,
        list_transform(touches, lambda p: p.points) as points
    from placed
    where len(touches) > 0
)
{%- endmacro %}
