with source as (
    select * from {{ source('raw_hubspot', 'communications') }}
    where
        deleted_at is null
        and not coalesce(archived, false)
),

renamed as (
    select
        {{ record_key('hubspot', 'communications', 'id') }} as record_key,
        id as communication_id,
        created_at,
        updated_at,
        hs_timestamp as occurred_at,
        hs_communication_channel_type as channel_type,
        hs_communication_logged_from as logged_from,
        hs_communication_body as body,
        hubspot_owner_id as owner_id
    from source
)

select * from renamed
