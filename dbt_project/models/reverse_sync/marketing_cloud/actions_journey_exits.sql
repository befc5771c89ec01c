-- Whom config/journeys.yml takes out: people who have come into the journey or were written to by it lately, of whom no end
-- is told since, and who are in one of the stages, or have met the goal of the other journey since.
select
    {{ short_hash("'journey_exit:' || stays.journey_key || ':' || stays.subscriber_key || ':' || epoch_ms(stays.occurred_at)") }} as action_key,
    'journeys' as sync,
    'journey_exit' as kind,
    'marketing_cloud' as vendor,
    'Subscriber' as object,
    subscribers.subscriber_record_key as record_key,
    subscribers.person_id,
    cast(to_json({
        'journey': stays.journey_key, 'contact_key': stays.subscriber_key
    }) as varchar) as payload,
    cast(null as varchar) as needs,
    'decided' as provider,
    'journeys.yml' as rule,
    coalesce('has met the goal of ' || rules.goal_of, 'is ' || leads.lifecycle_stage || ' now') as reason,
    cast(null as varchar) as reversibility,
    cast(null as timestamptz) as due_at
from {{ source('rules', 'journey_exits') }} as rules
inner join {{ ref('int_journey_stays') }} as stays
    on
        rules.journey = stays.journey_key
        and stays.occurred_at > {{ run_value('as_of') }} - interval 60 days
        and not stays.has_ended
inner join {{ ref('int_subscribers') }} as subscribers on stays.subscriber_key = subscribers.subscriber_key
inner join {{ ref('unified_leads') }} as leads on subscribers.person_id = leads.person_id
left join {{ ref('int_journey_goals') }} as goals
    on rules.goal_of = goals.journey_key and subscribers.person_id = goals.person_id
where
    list_contains(rules.stages, leads.lifecycle_stage)
    or goals.met_at > stays.occurred_at
