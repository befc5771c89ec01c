with source as (
    select * from {{ source('raw_hubspot', 'forms') }}
),

renamed as (
    select
        {{ record_key('hubspot', 'forms', 'id') }} as record_key,
        id as form_id,
        name,
        form_type,
        archived as is_archived,
        created_at,
        updated_at,
        archived_at,
        field_groups,
        configuration
    from source
)

select * from renamed
