with source as (
    select * from {{ source('raw_hubspot', 'meeting_links') }}
),

renamed as (
    select
        {{ record_key('hubspot', 'meeting_links', 'id') }} as record_key,
        id as meeting_link_id,
        slug,
        link,
        name,
        type as meeting_link_type,
        organizer_user_id,
        member_user_ids,
        default_link as is_default_link,
        created_at,
        updated_at
    from source
)

select * from renamed
