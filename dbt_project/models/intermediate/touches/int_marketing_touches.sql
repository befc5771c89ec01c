-- Openings and clicks that Marketing Cloud has seen. A click is a response; an opening may be a machine's. Each link of an
-- e-mail counts once, and so does its opening: the first time. Meeting the goal of a journey is a touch, too.
with events as (
    select
        record_key,
        'email_open' as kind,
        subscriber_key,
        send_id,
        occurred_at,
        cast(null as varchar) as url,
        row_number() over (partition by subscriber_key, send_id, batch_id order by occurred_at, event_id) as nth
    from {{ ref('stg_marketing_cloud__open_events') }}

    union all

    select
        record_key,
        'email_click' as kind,
        subscriber_key,
        send_id,
        occurred_at,
        url,
        row_number() over (partition by subscriber_key, send_id, batch_id, url order by occurred_at, event_id) as nth
    from {{ ref('stg_marketing_cloud__click_events') }}
),

prepared as (
    select
        events.record_key as source_record_key,
        subscribers.record_key,
        events.occurred_at,
        coalesce(events.url, sends.journey_name, sends.name) as content,
        sends.campaign_id,
        events.kind,
        events.kind as match_value,
        cast(null as varchar) as detail
    from events
    inner join {{ ref('int_subscribers') }} as subscribers on events.subscriber_key = subscribers.subscriber_key
    left join {{ ref('int_marketing_sends') }} as sends on events.send_id = sends.send_id
    where events.nth = 1
),

with_goals as (
    select * from prepared

    union all by name

    select
        record_key as source_record_key,
        person_record_key as record_key,
        occurred_at,
        journey_name as content,
        cast(null as varchar) as campaign_id,
        'journey_goal' as kind,
        'journey_goal' as match_value,
        cast(null as varchar) as detail
    from {{ ref('int_journey_events') }}
    where kind = 'goal' and person_record_key is not null
),

channelled as (
    {{ with_channels('with_goals', 'marketing_cloud', 'email') }}
)

select
    *,
    kind as touch_type,
    kind in ('email_click', 'journey_goal') as is_response
from channelled
