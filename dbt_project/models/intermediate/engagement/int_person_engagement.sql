-- What Marketing Cloud knows of a person, over all their keys: of the lead they were and the contact they are.
with subscribers as (
    select *
    from {{ ref('int_subscribers') }}
    where person_id is not null
),

events as (
    select
        'sent' as kind,
        subscriber_key,
        occurred_at,
        cast(null as varchar) as category
    from {{ ref('stg_marketing_cloud__sent_events') }}
    union all
    select
        'opened' as kind,
        subscriber_key,
        occurred_at,
        null as category
    from {{ ref('stg_marketing_cloud__open_events') }}
    union all
    select
        'clicked' as kind,
        subscriber_key,
        occurred_at,
        null as category
    from {{ ref('stg_marketing_cloud__click_events') }}
    union all
    select
        'bounced' as kind,
        subscriber_key,
        occurred_at,
        category
    from {{ ref('stg_marketing_cloud__bounce_events') }}
    union all
    select
        'complained' as kind,
        subscriber_key,
        occurred_at,
        null as category
    from {{ ref('stg_marketing_cloud__complaints') }}
    union all
    select
        'unsubscribed' as kind,
        subscriber_key,
        occurred_at,
        null as category
    from {{ ref('stg_marketing_cloud__unsubscribe_events') }}
    where is_master_unsubscribed
),

counted as (
    select
        subscribers.person_id,
        count(*) filter (where events.kind = 'sent') as emails_sent,
        count(*) filter (where events.kind = 'opened') as emails_opened,
        count(*) filter (where events.kind = 'clicked') as emails_clicked,
        max(events.occurred_at) filter (where events.kind = 'bounced') as bounced_at,
        max(events.occurred_at) filter (where events.kind = 'complained') as complained_at,
        max(events.occurred_at) filter (where events.kind in ('complained', 'unsubscribed')) as refused_at,
        max(events.occurred_at) filter (where events.kind in ('opened', 'clicked')) as last_engaged_at
    from events
    inner join subscribers on events.subscriber_key = subscribers.subscriber_key
    group by subscribers.person_id
),

-- Keys of the address that the person is written to now: what bounced at another says nothing about it.
reached as (
    select
        subscribers.*,
        subscribers.is_current_key or subscribers.email = currents.email as is_same_address
    from subscribers
    inner join subscribers as currents
        on subscribers.person_id = currents.person_id and currents.is_current_key
),

-- An opening or a click after a bounce shows that mail arrives there.
arrived as (
    select
        reached.person_id,
        max(events.occurred_at) filter (where events.kind = 'bounced') as bounced_at,
        max(events.occurred_at) filter (where events.kind = 'bounced' and lower(events.category) like 'hard%')
            as hard_bounced_at,
        coalesce(max(events.occurred_at) filter (where events.kind in ('opened', 'clicked')), to_timestamp(0))
            as arrived_at
    from events
    inner join reached on events.subscriber_key = reached.subscriber_key
    where reached.is_same_address
    group by reached.person_id
),

goals as (
    select
        person_id,
        cast(sum(goals) as bigint) as journey_goals,
        max(met_at) as last_journey_goal_at
    from {{ ref('int_journey_goals') }}
    group by person_id
),

standing as (
    select
        person_id,
        max(case when is_current_key then subscriber_key end) as subscriber_key,
        count(*) as subscriber_keys,
        coalesce(bool_or(status = 'Held' and is_same_address), false) as is_held,
        coalesce(bool_or(status = 'Unsubscribed'), false) as is_unsubscribed,
        max(unsubscribed_at) filter (where status = 'Unsubscribed') as unsubscribed_at
    from reached
    group by person_id
)

select
    standing.person_id,
    standing.subscriber_key,
    standing.subscriber_keys,
    -- A subscriber held by Marketing Cloud bounced too often; one whose address is unknown bounces until mail arrives.
    case
        when standing.is_held or arrived.hard_bounced_at > arrived.arrived_at then 'hard'
        when arrived.bounced_at > arrived.arrived_at then 'soft'
        else 'none'
    end as bounce_state,
    counted.bounced_at,
    counted.complained_at,
    standing.is_unsubscribed or counted.refused_at is not null as is_opted_out,
    coalesce(standing.unsubscribed_at, counted.refused_at) as opted_out_at,
    coalesce(counted.emails_sent, 0) as emails_sent,
    coalesce(counted.emails_opened, 0) as emails_opened,
    coalesce(counted.emails_clicked, 0) as emails_clicked,
    counted.last_engaged_at,
    coalesce(goals.journey_goals, 0) as journey_goals,
    goals.last_journey_goal_at
from standing
left join counted on standing.person_id = counted.person_id
left join arrived on standing.person_id = arrived.person_id
left join goals on standing.person_id = goals.person_id
