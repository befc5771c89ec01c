with source as (
    select * from {{ source('raw_hubspot', 'deals_property_history') }}
),

renamed as (
    select
        {{ record_key('hubspot', 'deals', 'id') }} as deal_key,
        id as deal_id,
        source_id,

        property,
        value,
        source_type,

        changed_at
    from source
)

select * from renamed
