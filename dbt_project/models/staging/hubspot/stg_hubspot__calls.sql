with source as (
    select * from {{ source('raw_hubspot', 'calls') }}
    where
        deleted_at is null
        and not coalesce(archived, false)
),

renamed as (
    select
        {{ record_key('hubspot', 'calls', 'id') }} as record_key,
        id as call_id,
        created_at,
        updated_at,
        hs_timestamp as occurred_at,
        hs_call_title as title,
        hs_call_body as body,
        hs_call_direction as direction,
        hs_call_disposition as disposition,
        hs_call_duration as duration,
        hs_call_status as status,
        hs_call_to_number as to_number,
        hubspot_owner_id as owner_id
    from source
)

select * from renamed
