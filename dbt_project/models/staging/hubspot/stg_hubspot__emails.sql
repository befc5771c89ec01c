with source as (
    select * from {{ source('raw_hubspot', 'emails') }}
    where
        deleted_at is null
        and not coalesce(archived, false)
),

renamed as (
    select
        {{ record_key('hubspot', 'emails', 'id') }} as record_key,
        id as email_id,
        created_at,
        updated_at,
        hs_timestamp as occurred_at,
        hs_email_subject as subject,
        hs_email_text as text,
        hs_email_direction as direction,
        hs_email_status as status,
        hs_email_from_email as from_email,
        hs_email_to_email as to_email,
        hs_email_open_count as open_count,
        hs_email_click_count as click_count,
        hs_email_reply_count as reply_count,
        hs_sequence_id as sequence_id,
        hubspot_owner_id as owner_id
    from source
)

select * from renamed
