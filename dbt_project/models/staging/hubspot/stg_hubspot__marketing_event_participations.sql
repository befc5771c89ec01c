with source as (
    select * from {{ source('raw_hubspot', 'marketing_event_participations') }}
),

renamed as (
    select
        {{ record_key('hubspot', 'marketing_event_participations', 'id') }} as record_key,
        id as marketing_event_participation_id,
        event_id,
        contact_id,
        email,
        state,
        occurred_at,
        attendance_percentage,
        attendance_seconds,
        created_at
    from source
)

select * from renamed
