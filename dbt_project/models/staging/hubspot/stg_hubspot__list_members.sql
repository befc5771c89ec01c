with source as (
    select * from {{ source('raw_hubspot', 'list_members') }}
),

renamed as (
    select
        list_id,
        object_type,
        record_id,
        added_at
    from source
)

select * from renamed
