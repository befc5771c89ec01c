with source as (
    select * from {{ source('raw_salesforce', 'record_type') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'RecordType', '"Id"') }} as record_key,
        "Id" as record_type_id,

        "Name" as name,
        "DeveloperName" as developer_name,
        "SobjectType" as sobject_type,
        "Description" as description,

        "IsActive" as is_active,

        "SystemModstamp" as updated_at
    from source
)

select * from renamed
