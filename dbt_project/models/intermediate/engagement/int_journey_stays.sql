-- Which key was in which journey, and when it was seen there last: coming in, or written to. Who has come in may not have
-- been written to yet; the history of who came in forgets after thirty days.
select
    subscriber_key,
    journey_key,
    max(occurred_at) as occurred_at
from (
    select
        subscriber_key,
        journey_key,
        occurred_at
    from {{ ref('stg_marketing_cloud__journey_activity') }}
    union all
    select
        subscriber_key,
        journey_key,
        occurred_at
    from {{ ref('int_journey_events') }}
    where kind = 'entered'
) as seen
where subscriber_key is not null and journey_key is not null
group by subscriber_key, journey_key
