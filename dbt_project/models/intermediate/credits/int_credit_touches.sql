with bases as (
    select * from {{ source('rules', 'attribution_bases') }}
),

-- What people of a deal did before it closed.
met as (
    select
        deals.*,
        touches.touchpoint_id,
        touches.occurred_at,
        touches.channel,
        touches.touch_type,
        touches.earns_credit,
        touches.campaign_id as touch_campaign_id,
        -- Campaign influence knows contacts with a role; what became of the membership does not matter to it.
        touches.touch_type = 'membership'
        and touches.campaign_id is not null
        and opportunity_people.via = 'contact_role'
        and touches.record_key like 'salesforce:%:Contact:%' as is_campaign_member
    from {{ ref('int_opportunity_people') }} as opportunity_people
    inner join {{ ref('int_credit_deals') }} as deals
        on opportunity_people.opportunity_id = deals.opportunity_id
    inner join {{ ref('int_touches') }} as touches on opportunity_people.person_id = touches.person_id
    where touches.is_counted and touches.occurred_at < deals.counts_until
),

eligible as (
    select
        met.*,
        bases.basis,
        bases.lookback_days,
        bases.lookback_from,
        coalesce(list_contains(bases.without_channels, met.channel), false) as is_left_out,
        bases.unless_alone
    from met
    inner join bases on bases.eligibility = 'earning' and met.earns_credit
    where len(bases.only_touch_types) = 0 or list_contains(bases.only_touch_types, met.touch_type)

    union all

    -- A campaign influences a deal once, by its first member.
    select
        met.*,
        bases.basis,
        bases.lookback_days,
        bases.lookback_from,
        coalesce(list_contains(bases.without_channels, met.channel), false) as is_left_out,
        bases.unless_alone
    from met
    inner join bases on bases.eligibility = 'campaign_members' and met.is_campaign_member
    qualify
        row_number() over (
            partition by met.opportunity_id, bases.basis, met.touch_campaign_id
            order by met.occurred_at, met.touchpoint_id
        ) = 1
),

with_others as (
    select distinct
        opportunity_id,
        basis
    from eligible
    where unless_alone and not is_left_out
),

-- Last non-direct falls back on direct touches where there are no others.
kept as (
    select eligible.*
    from eligible
    left join with_others
        on eligible.opportunity_id = with_others.opportunity_id and eligible.basis = with_others.basis
    where not eligible.is_left_out or (eligible.unless_alone and with_others.basis is null)
),

numbered as (
    select
        *,
        -- Touches of one moment are told apart by id.
        row_number() over (partition by opportunity_id, basis order by occurred_at, touchpoint_id) as nth_ever,
        coalesce(
            lookback_days is null
            or occurred_at >= case lookback_from when 'close' then counts_until else created_at end
            - to_days(cast(lookback_days as integer)),
            true
        ) as is_within
    from kept
),

-- A milestone is earned by the last touch at or before it, unless that lies before the window.
milestones as (
    select
        opportunity_id,
        basis,
        {%- for milestone, moment in [('lead', 'lead_at'), ('opportunity', 'created_at'), ('close', 'won_at')] %}
            max(nth_ever) filter (
                where
                occurred_at <= {{ moment }}
                and (
                    nth_ever = 1
                    or lookback_days is null
                    or occurred_at >= {{ moment }} - to_days(cast(lookback_days as integer))
                )
            ) as {{ milestone }}_nth,
        {%- endfor %}
        max(nth_ever) filter (where is_within or nth_ever = 1) as last_nth,
        count(*) filter (where is_within or nth_ever = 1) as touches,
        count(*) filter (where not is_within and nth_ever > 1) as passed_over
    from numbered
    group by opportunity_id, basis
),

placed as (
    select
        numbered.opportunity_id,
        numbered.basis,
        numbered.touchpoint_id,
        numbered.occurred_at,
        numbered.channel,
        numbered.is_within or numbered.nth_ever = 1 as is_counted,
        -- What lies before the window comes right after the first touch, so places close up by leaving it out.
        case
            when numbered.nth_ever = 1 then 1
            when numbered.is_within then numbered.nth_ever - milestones.passed_over
        end as place,
        milestones.touches,
        cast(numbered.nth_ever = 1 as bigint)
        + 2 * cast(coalesce(numbered.nth_ever = milestones.lead_nth, false) as bigint)
        + 4 * cast(coalesce(numbered.nth_ever = milestones.opportunity_nth, false) as bigint)
        + 8 * cast(coalesce(numbered.nth_ever = milestones.close_nth, false) as bigint)
        + 16 * cast(numbered.nth_ever = milestones.last_nth as bigint)
        + 32 * cast(coalesce(numbered.touch_campaign_id = numbered.campaign_id, false) as bigint) as points
    from numbered
    inner join milestones
        on numbered.opportunity_id = milestones.opportunity_id and numbered.basis = milestones.basis
)

select *
from placed
where is_counted or points > 0
