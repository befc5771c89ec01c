with source as (
    select * from {{ source('raw_hubspot', 'schemas') }}
),

renamed as (
    select
        {{ record_key('hubspot', 'schemas', 'id') }} as record_key,
        id as schema_id,
        name,
        fully_qualified_name,
        label,
        primary_property,
        required_properties,
        associations,
        archived as is_archived,
        created_at,
        updated_at
    from source
)

select * from renamed
