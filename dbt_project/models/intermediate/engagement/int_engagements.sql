-- What people did with e-mails and journeys that a rule of config/engagement.yml asks about; nothing is looked at for
-- which there is none.
{{ config(materialized='view') }}

with asked as (
    select did from {{ source('rules', 'engagement_members') }}
    union
    select did from {{ source('rules', 'engagement_tasks') }}
),

events as (
    {% for did, model in [
        ('sent', 'sent_events'), ('opened', 'open_events'), ('clicked', 'click_events'), ('bounced', 'bounce_events'),
        ('unsubscribed', 'unsubscribe_events'), ('complained', 'complaints')
    ] %}
        select
            events.record_key,
            asked.did,
            events.subscriber_key,
            events.send_id,
            events.occurred_at,
            {{ 'events.url' if did == 'clicked' else 'cast(null as varchar)' }} as url
        from {{ ref('stg_marketing_cloud__' ~ model) }} as events
        inner join asked on asked.did = '{{ did }}'
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select
    events.record_key,
    events.did,
    subscribers.person_id,
    events.occurred_at,
    sends.name as mailing,
    sends.journey_key,
    sends.campaign_id,
    events.url
from events
inner join {{ ref('int_subscribers') }} as subscribers on events.subscriber_key = subscribers.subscriber_key
inner join {{ ref('int_marketing_sends') }} as sends on events.send_id = sends.send_id
where subscribers.person_id is not null

union all

select
    goals.record_key,
    goals.kind as did,
    goals.person_id,
    goals.occurred_at,
    goals.journey_name as mailing,
    goals.journey_key,
    cast(null as varchar) as campaign_id,
    cast(null as varchar) as url
from {{ ref('int_journey_events') }} as goals
where goals.kind = 'goal' and goals.person_id is not null
