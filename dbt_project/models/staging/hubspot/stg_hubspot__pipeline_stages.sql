with source as (
    select * from {{ source('raw_hubspot', 'pipeline_stages') }}
),

renamed as (
    select
        pipeline_id,
        id as stage_id,

        object_type,
        label,

        display_order,
        probability,

        is_closed,
        archived as is_archived
    from source
)

select * from renamed
