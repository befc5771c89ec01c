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
    coalesce(engaged.unsubscribes, 0) as unsubscribes
from {{ ref('stg_marketing_cloud__journeys') }} as journeys
left join sent on journeys.journey_key = sent.journey_key
left join engaged on journeys.journey_key = engaged.journey_key
