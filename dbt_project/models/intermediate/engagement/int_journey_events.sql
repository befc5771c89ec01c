-- Who came into which journey, met its goal or left it, by person; all versions of a journey are one. Somebody who came in
-- since all subscribers were read last is known by their key alone, where it is the id of a lead or contact.
with keyed as (
    select
        *,
        {{ lead_or_contact_id('subscriber_key') }} as salesforce_id
    from {{ ref('stg_marketing_cloud__journey_history') }}
),

history as (
    select
        *,
        {{ lead_or_contact_key('salesforce_id') }} as keyed_record_key
    from keyed
)

select
    history.record_key,
    history.journey_event_id,
    history.kind,
    history.occurred_at,
    history.subscriber_key,
    coalesce(subscribers.person_id, members.person_id) as person_id,
    coalesce(subscribers.record_key, members.record_key) as person_record_key,
    journeys.journey_key,
    coalesce(journeys.name, history.journey_name) as journey_name
from history
left join {{ ref('stg_marketing_cloud__journeys') }} as journeys
    on history.journey_version_id = journeys.journey_version_id
left join {{ ref('int_subscribers') }} as subscribers on history.subscriber_key = subscribers.subscriber_key
left join {{ ref('int_person_members') }} as members on history.keyed_record_key = members.record_key
