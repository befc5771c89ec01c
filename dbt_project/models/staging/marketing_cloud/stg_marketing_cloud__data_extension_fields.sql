with source as (
    select * from {{ source('raw_marketing_cloud', 'data_extension_fields') }}
),

renamed as (
    select
        {{ record_key('marketing_cloud', 'DataExtensionField', '"ObjectID"') }} as record_key,
        "ObjectID" as field_id,
        "DataExtensionKey" as data_extension_key,
        "Name" as name,
        "FieldType" as type,
        "MaxLength" as max_length,
        "Scale" as scale,
        "IsPrimaryKey" as is_primary_key,
        "IsRequired" as is_required,
        "Ordinal" as position,
        nullif("DefaultValue", '') as default_value
    from source
)

select * from renamed
