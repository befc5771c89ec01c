with source as (
    select * from {{ source('raw_hubspot', 'associations') }}
),

renamed as (
    select
        from_id,
        to_id,
        type_id,

        from_type,
        to_type,
        category,
        label
    from source
)

select * from renamed
