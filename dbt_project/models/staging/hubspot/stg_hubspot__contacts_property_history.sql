with source as (
    select * from {{ source('raw_hubspot', 'contacts_property_history') }}
),

renamed as (
    select
        {{ record_key('hubspot', 'contacts', 'id') }} as contact_key,
        id as contact_id,
        source_id,

        property,
        value,
        source_type,

        changed_at
    from source
)

select * from renamed
