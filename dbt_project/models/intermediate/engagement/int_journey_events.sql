-- Who came into which journey, met its goal or left it, by person; all versions of a journey are one.
select
    history.record_key,
    history.journey_event_id,
    history.kind,
    history.occurred_at,
    history.subscriber_key,
    subscribers.person_id,
    subscribers.record_key as person_record_key,
    journeys.journey_key,
    coalesce(journeys.name, history.journey_name) as journey_name
from {{ ref('stg_marketing_cloud__journey_history') }} as history
left join {{ ref('stg_marketing_cloud__journeys') }} as journeys
    on history.journey_version_id = journeys.journey_version_id
left join {{ ref('int_subscribers') }} as subscribers on history.subscriber_key = subscribers.subscriber_key
