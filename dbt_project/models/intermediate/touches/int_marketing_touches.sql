{{ config(materialized='watched', unique_key=touched_record(), as_table=true) }}
-- Openings and clicks that Marketing Cloud has seen. A click is a response, unless a machine made it; an opening may be a
-- machine's. Each link of an e-mail counts once, and so does its opening: the first time. Meeting the goal of a journey is a
-- touch, too. Marketing Cloud neither filters clicks nor tells the program: two rules find machines (config/attribution.yml),
-- a click too soon after sending and too many different links at once.
with limits as (
    {{ bot_limits() }}
),

sent as (
    select
        subscriber_key,
        send_id,
        coalesce(batch_id, '') as batch_id,
        min(occurred_at) as sent_at
    from {{ ref('stg_marketing_cloud__sent_events') }}
    group by subscriber_key, send_id, coalesce(batch_id, '')
),

clicks as (
    select
        record_key,
        event_id,
        subscriber_key,
        send_id,
        coalesce(batch_id, '') as batch_id,
        occurred_at,
        url as link
    from {{ ref('stg_marketing_cloud__click_events') }}
),

at_once as (
    {{ links_at_once('clicks', ['subscriber_key', 'send_id', 'batch_id']) }}
),

judged as (
    select
        clicks.*,
        coalesce(
            clicks.occurred_at < sent.sent_at + to_seconds(limits.seconds)
            or (limits.links > 0 and at_once.links >= limits.links),
            false
        ) as is_bot
    from clicks
    cross join limits
    left join sent
        on
            clicks.subscriber_key = sent.subscriber_key
            and clicks.send_id = sent.send_id
            and clicks.batch_id = sent.batch_id
    left join at_once on clicks.record_key = at_once.record_key
),

events as (
    select
        record_key,
        'email_open' as kind,
        subscriber_key,
        send_id,
        occurred_at,
        cast(null as varchar) as url,
        false as is_bot,
        row_number() over (partition by subscriber_key, send_id, batch_id order by occurred_at, event_id) as nth
    from {{ ref('stg_marketing_cloud__open_events') }}

    union all

    -- A person's first click on a link stands also where a machine had been there before.
    select
        record_key,
        'email_click' as kind,
        subscriber_key,
        send_id,
        occurred_at,
        link as url,
        is_bot,
        row_number() over (
            partition by subscriber_key, send_id, batch_id, link, is_bot order by occurred_at, event_id
        ) as nth
    from judged
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
        cast(null as varchar) as detail,
        events.is_bot
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
        cast(null as varchar) as detail,
        false as is_bot
    from {{ ref('int_journey_events') }}
    where kind = 'goal' and person_record_key is not null
),

channelled as (
    {{ with_channels('with_goals', 'marketing_cloud', 'email') }}
)

select
    *,
    kind as touch_type,
    kind in ('email_click', 'journey_goal') and not is_bot as is_response
from channelled
