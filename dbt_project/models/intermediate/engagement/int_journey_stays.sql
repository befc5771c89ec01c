-- Which key was in which journey, and when it was seen there last: coming in, or written to. Who has come in may not have
-- been written to yet; the history of who came in forgets after thirty days, and tells no end but a goal and an exit. So
-- somebody is inside who came in less than thirty days ago and of whom no end is told.
select
    subscriber_key,
    journey_key,
    max(person_id) as person_id,
    max(occurred_at) filter (where kind != 'ended') as occurred_at,
    coalesce(
        max(occurred_at) filter (where kind = 'entered') > {{ run_value('as_of') }} - interval 30 days
        and max(occurred_at) filter (where kind = 'entered')
        > coalesce(max(occurred_at) filter (where kind = 'ended'), timestamptz '1970-01-01 00:00:00+00'),
        false
    ) as is_inside,
    coalesce(
        max(occurred_at) filter (where kind = 'ended') >= max(occurred_at) filter (where kind != 'ended'), false
    ) as has_ended
from (
    select
        'written to' as kind,
        subscriber_key,
        journey_key,
        cast(null as varchar) as person_id,
        occurred_at
    from {{ ref('stg_marketing_cloud__journey_activity') }}
    union all
    select
        case when kind = 'entered' then 'entered' else 'ended' end as kind,
        subscriber_key,
        journey_key,
        person_id,
        occurred_at
    from {{ ref('int_journey_events') }}
) as seen
where subscriber_key is not null and journey_key is not null
group by subscriber_key, journey_key
having count(*) filter (where kind != 'ended') > 0
