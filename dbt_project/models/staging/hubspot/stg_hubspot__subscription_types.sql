with source as (
    select * from {{ source('raw_hubspot', 'subscription_types') }}
),

renamed as (
    select
        {{ record_key('hubspot', 'subscription_types', 'id') }} as record_key,
        id as subscription_type_id,
        name,
        description,
        purpose,
        communication_method,
        is_active,
        is_default,
        is_internal,
        created_at,
        updated_at
    from source
)

select * from renamed
