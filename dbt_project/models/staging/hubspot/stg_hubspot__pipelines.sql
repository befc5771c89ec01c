with source as (
    select * from {{ source('raw_hubspot', 'pipelines') }}
),

renamed as (
    select
        id as pipeline_id,

        object_type,
        label,

        display_order,

        archived as is_archived
    from source
)

select * from renamed
