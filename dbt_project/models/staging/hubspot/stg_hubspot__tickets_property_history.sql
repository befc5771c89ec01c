with source as (
    select * from {{ source('raw_hubspot', 'tickets_property_history') }}
),

renamed as (
    select
        {{ record_key('hubspot', 'tickets', 'id') }} as ticket_key,
        id as ticket_id,
        source_id,

        property,
        value,
        source_type,

        changed_at
    from source
)

select * from renamed
