with source as (
    select * from {{ source('raw_hubspot', 'companies_property_history') }}
),

renamed as (
    select
        {{ record_key('hubspot', 'companies', 'id') }} as company_key,
        id as company_id,
        source_id,

        property,
        value,
        source_type,

        changed_at
    from source
)

select * from renamed
