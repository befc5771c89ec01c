with source as (
    select * from {{ source('raw_hubspot', 'marketing_events') }}
),

renamed as (
    select
        {{ record_key('hubspot', 'marketing_events', 'id') }} as record_key,
        id as marketing_event_id,
        external_event_id,
        name,
        event_type,
        organizer,
        description,
        url,
        status,
        starts_at,
        ends_at,
        cancelled as is_cancelled,
        completed as is_completed,
        registrants,
        attendees,
        cancellations,
        no_shows,
        custom_properties,
        created_at,
        updated_at
    from source
)

select * from renamed
