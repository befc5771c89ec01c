with source as (
    select * from {{ source('raw_hubspot', 'subscription_changes') }}
),

renamed as (
    select
        {{ record_key('hubspot', 'subscription_changes', 'id') }} as record_key,
        id as subscription_change_id,
        occurred_at,
        email,
        subscription_id,
        change,
        change_type,
        source as subscription_change_source,
        caused_by_event_id
    from source
)

select * from renamed
