-- A send names no campaign: it is named after it, alone or before a colon. A journey's send is of the activity that
-- made it, which only what was sent by it tells.
with sends as (
    select * from {{ ref('stg_marketing_cloud__sends') }}
),

triggered as (
    select
        send_id,
        max(triggered_send_id) as triggered_send_id
    from {{ ref('stg_marketing_cloud__sent_events') }}
    where triggered_send_id is not null
    group by send_id
),

activities as (
    select
        journey_key,
        name as journey_name,
        version,
        unnest(from_json(coalesce(activities, '[]'), '["json"]')) as activity
    from {{ ref('stg_marketing_cloud__journeys') }}
),

journeys as (
    select
        json_extract_string(activity, '$.configurationArguments.triggeredSendId') as triggered_send_id,
        arg_max(journey_key, version) as journey_key,
        arg_max(journey_name, version) as journey_name
    from activities
    where json_extract_string(activity, '$.configurationArguments.triggeredSendId') is not null
    group by triggered_send_id
)

select
    sends.send_id,
    sends.name,
    sends.subject,
    sends.sent_at,
    names.campaign_id,
    journeys.journey_key,
    journeys.journey_name
from sends
left join {{ ref('int_campaign_names') }} as names
    on {{ slug("split_part(sends.name, ':', 1)") }} = names.key
left join triggered on sends.send_id = triggered.send_id
left join journeys on triggered.triggered_send_id = journeys.triggered_send_id
