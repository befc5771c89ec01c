with source as (
    select * from {{ source('raw_hubspot', 'meetings') }}
    where
        deleted_at is null
        and not coalesce(archived, false)
),

renamed as (
    select
        {{ record_key('hubspot', 'meetings', 'id') }} as record_key,
        id as meeting_id,
        created_at,
        updated_at,
        hs_timestamp as occurred_at,
        hs_meeting_title as title,
        hs_meeting_body as body,
        hs_meeting_start_time as starts_at,
        hs_meeting_end_time as ends_at,
        hs_meeting_outcome as outcome,
        hs_meeting_location as location,
        hs_meeting_external_url as external_url,
        hs_meeting_source as meeting_source,
        hs_meeting_source_id as source_id,
        hs_activity_type as activity_type,
        hubspot_owner_id as owner_id
    from source
)

select * from renamed
