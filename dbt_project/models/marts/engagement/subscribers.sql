-- Each key is a contact to Marketing Cloud, and billed as one.
with billed as (
    select
        person_id,
        count(distinct subscriber_key) as keys
    from {{ ref('int_subscribers') }}
    where person_id is not null
    group by person_id
),

journeys as (
    select
        subscriber_key,
        list(journey_key order by journey_key) as journeys
    from {{ ref('int_journey_stays') }}
    group by subscriber_key
)

select
    subscribers.subscriber_key,
    subscribers.key_kind,
    subscribers.is_current_key,
    subscribers.email,
    subscribers.status,
    subscribers.person_id,
    subscribers.matched_by,
    subscribers.created_at,
    subscribers.unsubscribed_at,
    coalesce(billed.keys > 1, false) as is_billed_twice,
    coalesce(journeys.journeys, []) as journeys
from {{ ref('int_subscribers') }} as subscribers
left join billed on subscribers.person_id = billed.person_id
left join journeys on subscribers.subscriber_key = journeys.subscriber_key
