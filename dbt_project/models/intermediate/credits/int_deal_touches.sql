-- What people of a deal did before it closed, as far as a model may look at it. Nothing counts that has not happened yet.
select
    deals.opportunity_id,
    people.via,
    touches.occurred_at,
    touches.touchpoint_id,
    touches.person_id,
    touches.channel,
    touches.campaign_id,
    touches.touch_type,
    touches.earns_credit,
    -- Campaign influence knows contacts with a role; what became of the membership does not matter to it.
    touches.is_member and people.via = 'contact_role' as is_member
from {{ ref('int_opportunity_people') }} as people
inner join {{ ref('int_credit_deals') }} as deals on people.opportunity_id = deals.opportunity_id
inner join {{ ref('int_touches') }} as touches on people.person_id = touches.person_id
where
    touches.is_counted
    and touches.occurred_at < deals.counts_until
    and touches.occurred_at < {{ run_value('as_of') }}
    and (touches.earns_credit or touches.is_member)
