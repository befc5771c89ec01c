with source as (
    select * from {{ source('raw_hubspot', 'behavioral_events') }}
),

renamed as (
    select
        {{ record_key('hubspot', 'behavioral_events', 'id') }} as record_key,
        id as behavioral_event_id,
        occurred_at,
        event_type,
        object_type,
        object_id,
        properties
    from source
)

select * from renamed
