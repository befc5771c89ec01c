with source as (
    select * from {{ source('raw_hubspot', 'teams') }}
),

renamed as (
    select
        {{ record_key('hubspot', 'teams', 'id') }} as record_key,
        id as team_id,
        name,
        user_ids,
        secondary_user_ids
    from source
)

select * from renamed
