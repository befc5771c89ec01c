with source as (
    select * from {{ source('raw_hubspot', 'leads') }}
    where
        deleted_at is null
        and not coalesce(archived, false)
),

renamed as (
    select
        {{ record_key('hubspot', 'leads', 'id') }} as record_key,
        id as lead_id,
        created_at,
        updated_at,
        hs_lead_name as name,
        hs_lead_type as lead_type,
        hs_lead_label as label,
        hs_lead_disqualification_reason as disqualification_reason,
        hs_pipeline as pipeline,
        hs_pipeline_stage as stage,
        hs_primary_contact_id as primary_contact_id,
        hs_contact_analytics_source as contact_analytics_source,
        hubspot_owner_id as owner_id,
        hs_merged_object_ids as merged_ids
    from source
)

select * from renamed
