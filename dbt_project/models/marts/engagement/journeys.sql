with engaged as (
    select
        sends.journey_key,
        count(*) filter (where events.kind = 'opened') as opens,
        count(*) filter (where events.kind = 'clicked') as clicks,
        count(*) filter (where events.kind = 'unsubscribed') as unsubscribes
    from (
        select
            'opened' as kind,
            send_id
        from {{ ref('stg_marketing_cloud__open_events') }}
        union all
        select
            'clicked' as kind,
            send_id
        from {{ ref('stg_marketing_cloud__click_events') }}
        union all
        select
            'unsubscribed' as kind,
            send_id
        from {{ ref('stg_marketing_cloud__unsubscribe_events') }}
    ) as events
    inner join {{ ref('int_marketing_sends') }} as sends on events.send_id = sends.send_id
    where sends.journey_key is not null
    group by sends.journey_key
),

-- By the history, which tells people; the statistics above are the vendor's own and tell none.
goals as (
    select
        events.journey_key,
        count(distinct events.person_id) as people,
        median(date_diff('day', entered.occurred_at, events.occurred_at)) as days_to_goal
    from {{ ref('int_journey_events') }} as events
    left join {{ ref('int_journey_events') }} as entered
        on
            events.subscriber_key = entered.subscriber_key
            and events.journey_key = entered.journey_key
            and entered.kind = 'entered'
            and events.occurred_at >= entered.occurred_at
    where events.kind = 'goal'
    group by events.journey_key
),

sent as (
    select
        journey_key,
        count(*) as sends,
        count(distinct subscriber_key) as subscribers
    from {{ ref('stg_marketing_cloud__journey_activity') }}
    group by journey_key
)

select
    journeys.journey_version_id,
    journeys.journey_key,
    journeys.name,
    cast(journeys.version as integer) as version,
    journeys.status,
    journeys.entry_mode,
    journeys.event_definition_key,
    journeys.published_at,
    coalesce(journeys.current_population, 0) as current_population,
    coalesce(journeys.cumulative_population, 0) as cumulative_population,
    coalesce(journeys.met_goal, 0) as met_goal,
    coalesce(journeys.met_exit_criteria, 0) as met_exit_criteria,
    journeys.goal_performance,
    coalesce(sent.sends, 0) as sends,
    coalesce(sent.subscribers, 0) as subscribers,
    coalesce(engaged.opens, 0) as opens,
    coalesce(engaged.clicks, 0) as clicks,
    coalesce(engaged.unsubscribes, 0) as unsubscribes,
    coalesce(goals.people, 0) as people_at_goal,
    goals.days_to_goal
from {{ ref('stg_marketing_cloud__journeys') }} as journeys
left join sent on journeys.journey_key = sent.journey_key
left join engaged on journeys.journey_key = engaged.journey_key
left join goals on journeys.journey_key = goals.journey_key
