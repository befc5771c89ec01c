with source as (
    select * from {{ source('raw_salesforce', 'lead_status') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'LeadStatus', '"Id"') }} as record_key,
        "Id" as lead_status_id,

        "MasterLabel" as master_label,
        "ApiName" as api_name,

        "SortOrder" as sort_order,

        "IsDefault" as is_default,
        "IsConverted" as is_converted,

        "SystemModstamp" as updated_at
    from source
)

select * from renamed
