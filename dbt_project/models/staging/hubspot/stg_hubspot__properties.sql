with source as (
    select * from {{ source('raw_hubspot', 'properties') }}
),

renamed as (
    select
        object_type,
        name as property_name,
        label,
        type,
        field_type,
        group_name,
        options,

        calculated as is_calculated,
        read_only_value as is_read_only,
        has_unique_value as is_unique,
        archived as is_archived
    from source
)

select * from renamed
