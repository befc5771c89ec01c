with source as (
    select * from {{ source('raw_hubspot', 'owners') }}
),

renamed as (
    select
        {{ record_key('hubspot', 'owners', 'id') }} as record_key,
        id as owner_id,
        user_id,

        email,
        first_name,
        last_name,

        archived as is_archived,
        not coalesce(archived, false) as is_active,

        created_at,
        updated_at
    from source
)

select * from renamed
