with source as (
    select * from {{ source('raw_hubspot', 'notes') }}
    where
        deleted_at is null
        and not coalesce(archived, false)
),

renamed as (
    select
        {{ record_key('hubspot', 'notes', 'id') }} as record_key,
        id as note_id,
        created_at,
        updated_at,
        hs_timestamp as occurred_at,
        hs_note_body as body,
        hubspot_owner_id as owner_id
    from source
)

select * from renamed
