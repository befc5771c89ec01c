-- The data of somebody who is in a journey, where it is no longer what config/journeys.yml keeps up. Whoever has met the
-- goal, or was let out since they came in, is left alone; of several entries by one event the data of each is kept up. The
-- same change may come again another day.
with ended as (
    select
        journey_key,
        subscriber_key,
        max(occurred_at) filter (where kind = 'entered') as entered_at,
        max(occurred_at) filter (where kind != 'entered') as ended_at
    from {{ ref('int_journey_events') }}
    group by journey_key, subscriber_key
),

wanted as (
    select
        entries.entry_id,
        entries.data_extension_key,
        entries.subscriber_key,
        subscribers.subscriber_record_key,
        leads.person_id,
        rules.journey,
        rules.field,
        rules.band,
        json_extract_string(entries.data, '$.' || lower(rules.field)) as held,
        case rules.field
            when 'EmailAddress' then leads.email
            when 'LeadScore' then cast(leads.lead_score as varchar)
            when 'LifecycleStage' then leads.lifecycle_stage
        end as value
    from {{ ref('stg_marketing_cloud__journey_entries') }} as entries
    inner join {{ source('rules', 'journey_keep_up') }} as rules on entries.event_definition_key = rules.event
    inner join {{ ref('int_subscribers') }} as subscribers on entries.subscriber_key = subscribers.subscriber_key
    inner join {{ ref('unified_leads') }} as leads on subscribers.person_id = leads.person_id
    left join ended on entries.subscriber_key = ended.subscriber_key and rules.journey = ended.journey_key
    where
        json_exists(entries.data, '$.' || lower(rules.field))
        and coalesce(ended.ended_at < ended.entered_at, ended.ended_at is null)
),

differing as (
    select *
    from wanted
    where
        value is not null
        and value is distinct from held
        and coalesce(abs(try_cast(value as double) - try_cast(held as double)) > band, true)
),

grouped as (
    select
        entry_id,
        any_value(data_extension_key) as data_extension_key,
        any_value(subscriber_key) as subscriber_key,
        any_value(subscriber_record_key) as subscriber_record_key,
        any_value(person_id) as person_id,
        any_value(journey) as journey,
        map_from_entries(list((field, value) order by field)) as data,
        map_from_entries(list((field, held) order by field)) as before,
        string_agg(field || ' ' || coalesce(held, 'empty') || ' to ' || value, ', ' order by field) as said
    from differing
    group by entry_id
)

select
    {{ short_hash("'journey_update:' || entry_id || ':' || said || ':' || " ~ run_value('business_date')) }} as action_key,
    'journeys' as sync,
    'journey_update' as kind,
    'marketing_cloud' as vendor,
    'Subscriber' as object,
    subscriber_record_key as record_key,
    person_id,
    cast(to_json({
        'journey': journey,
        'extension': data_extension_key,
        'entry_id': entry_id,
        'contact_key': subscriber_key,
        'data': data,
        'before': before
    }) as varchar) as payload,
    cast(null as varchar) as needs,
    'decided' as provider,
    'journeys.yml' as rule,
    said as reason,
    cast(null as varchar) as reversibility,
    cast(null as timestamptz) as due_at
from grouped
