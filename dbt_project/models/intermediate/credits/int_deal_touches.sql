{{ config(
    materialized='incremental', changed_rows_only=true, unique_key='opportunity_id', inputs=['int_opportunity_people'],
    owned={
        'int_credit_deals': 'select opportunity_id as owner, hash(counts_until) as hashed from {int_credit_deals}',
        'run': deals_touches_to_come()
    },
    through={'int_touches': deals_touched()}
) }}
-- What people of a deal did before it closed, as far as a model may look at it. Nothing counts that has not happened yet;
-- that is told to the few who take part, for every touch would be compared with it by itself.
with taking_part as (
    select
        people.opportunity_id,
        people.person_id,
        people.via,
        least(deals.counts_until, {{ run_value('as_of') }}) as counts_until
    from {{ ref('int_opportunity_people') }} as people
    inner join {{ ref('int_credit_deals') }} as deals on people.opportunity_id = deals.opportunity_id
    where {{ is_due('people.opportunity_id') }}
)

select
    taking_part.opportunity_id,
    taking_part.via,
    touches.occurred_at,
    touches.day,
    touches.touchpoint_id,
    touches.person_id,
    touches.channel,
    touches.campaign_id,
    touches.touch_type,
    touches.earns_credit,
    -- Campaign influence knows contacts with a role; what became of the membership does not matter to it.
    touches.is_member and taking_part.via = 'contact_role' as is_member
from taking_part
inner join {{ ref('int_touches') }} as touches on taking_part.person_id = touches.person_id
where
    touches.is_counted
    and touches.occurred_at < taking_part.counts_until
    and (touches.earns_credit or touches.is_member)
