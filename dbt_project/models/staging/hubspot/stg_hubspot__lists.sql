with source as (
    select * from {{ source('raw_hubspot', 'lists') }}
),

renamed as (
    select
        {{ record_key('hubspot', 'lists', 'id') }} as record_key,
        id as list_id,
        name,
        object_type_id,
        processing_type,
        processing_status,
        list_version,
        size,
        last_added_at,
        last_removed_at,
        created_by_id,
        created_at,
        updated_at,
        filters_updated_at,
        deleted_at
    from source
)

select * from renamed
