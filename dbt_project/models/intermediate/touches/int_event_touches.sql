{{ config(materialized='watched', unique_key=touched_record(), as_table=true) }}
-- Marketing events: to have registered is a touch, to have been there a response. Who cancelled or stayed away did nothing.
with prepared as (
    select
        participations.record_key as source_record_key,
        coalesce(
            {{ record_key('hubspot', 'contacts', 'participations.contact_id') }}, addresses.record_key
        ) as record_key,
        coalesce(participations.occurred_at, participations.created_at) as occurred_at,
        coalesce(events.name, participations.event_id) as content,
        names.campaign_id,
        events.event_type as match_value,
        cast(null as varchar) as detail,
        participations.state = 'ATTENDED' as is_response
    from {{ ref('stg_hubspot__marketing_event_participations') }} as participations
    left join {{ ref('stg_hubspot__marketing_events') }} as events
        on participations.event_id = events.marketing_event_id
    left join {{ ref('int_touch_addresses') }} as addresses
        on {{ normalize_email('participations.email') }} = addresses.address
    left join {{ ref('int_campaign_names') }} as names on {{ slug('events.name') }} = names.key
    where participations.state in ('REGISTERED', 'ATTENDED')
),

channelled as (
    {{ with_channels('prepared', 'hubspot', 'event') }}
)

select
    *,
    'event' as kind,
    'event' as touch_type
from channelled
