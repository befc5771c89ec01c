with source as (
    select * from {{ source('raw_hubspot', 'tickets') }}
    where
        deleted_at is null
        and not coalesce(archived, false)
),

renamed as (
    select
        {{ record_key('hubspot', 'tickets', 'id') }} as record_key,
        id as ticket_id,
        created_at,
        updated_at,
        subject,
        content,
        hs_pipeline as pipeline,
        hs_pipeline_stage as stage,
        hs_ticket_priority as priority,
        hs_ticket_category as category,
        source_type,
        closed_date as closed_at,
        first_agent_reply_date as first_replied_at,
        hubspot_owner_id as owner_id,
        hs_merged_object_ids as merged_ids
    from source
)

select * from renamed
