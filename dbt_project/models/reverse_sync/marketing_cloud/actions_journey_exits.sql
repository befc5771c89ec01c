-- Whom config/journeys.yml takes out: people whom the journey has written to lately and who are in one of the stages, or
-- have met the goal of the other journey since.
with written as (
    select
        activity.subscriber_key,
        activity.journey_key,
        max(activity.occurred_at) as occurred_at
    from {{ ref('stg_marketing_cloud__journey_activity') }} as activity
    group by activity.subscriber_key, activity.journey_key
),

goals as (
    select
        person_id,
        journey_key,
        max(occurred_at) as met_at
    from {{ ref('int_journey_events') }}
    where kind = 'goal' and person_id is not null
    group by person_id, journey_key
)

select
    {{ short_hash("'journey_exit:' || written.journey_key || ':' || written.subscriber_key || ':' || epoch_ms(written.occurred_at)") }} as action_key,
    'journeys' as sync,
    'journey_exit' as kind,
    'marketing_cloud' as vendor,
    'Subscriber' as object,
    subscribers.subscriber_record_key as record_key,
    subscribers.person_id,
    cast(to_json({
        'journey': written.journey_key, 'contact_key': written.subscriber_key
    }) as varchar) as payload,
    cast(null as varchar) as needs,
    'decided' as provider,
    'journeys.yml' as rule,
    coalesce('has met the goal of ' || rules.goal_of, 'is ' || leads.lifecycle_stage || ' now') as reason,
    cast(null as varchar) as reversibility,
    cast(null as timestamptz) as due_at
from {{ source('rules', 'journey_exits') }} as rules
inner join written
    on
        rules.journey = written.journey_key
        and written.occurred_at > {{ run_value('as_of') }} - interval 60 days
inner join {{ ref('int_subscribers') }} as subscribers on written.subscriber_key = subscribers.subscriber_key
inner join {{ ref('unified_leads') }} as leads on subscribers.person_id = leads.person_id
left join goals on rules.goal_of = goals.journey_key and subscribers.person_id = goals.person_id
where
    list_contains(rules.stages, leads.lifecycle_stage)
    or goals.met_at > written.occurred_at
