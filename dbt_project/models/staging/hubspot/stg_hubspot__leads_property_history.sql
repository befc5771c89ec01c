with source as (
    select * from {{ source('raw_hubspot', 'leads_property_history') }}
),

renamed as (
    select
        {{ record_key('hubspot', 'leads', 'id') }} as lead_key,
        id as lead_id,
        source_id,

        property,
        value,
        source_type,

        changed_at
    from source
)

select * from renamed
