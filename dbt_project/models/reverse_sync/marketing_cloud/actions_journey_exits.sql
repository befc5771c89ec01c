-- Whom config/journeys.yml takes out: people in one of the stages whom the journey has written to lately.
with written as (
    select
        activity.subscriber_key,
        activity.journey_key,
        max(activity.occurred_at) as occurred_at
    from {{ ref('stg_marketing_cloud__journey_activity') }} as activity
    group by activity.subscriber_key, activity.journey_key
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
    'is ' || leads.lifecycle_stage || ' now' as reason,
    cast(null as varchar) as reversibility,
    cast(null as timestamptz) as due_at
from {{ source('rules', 'journey_exits') }} as rules
inner join written
    on
        rules.journey = written.journey_key
        and written.occurred_at > {{ run_value('as_of') }} - interval 60 days
inner join {{ ref('int_subscribers') }} as subscribers on written.subscriber_key = subscribers.subscriber_key
inner join {{ ref('unified_leads') }} as leads
    on subscribers.person_id = leads.person_id and list_contains(rules.stages, leads.lifecycle_stage)
