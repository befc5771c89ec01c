with source as (
    select * from {{ source('raw_salesforce', 'opportunity_field_history') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'OpportunityFieldHistory', '"Id"') }} as record_key,
        "Id" as opportunity_field_history_id,
        {{ record_key('salesforce', 'Opportunity', '"OpportunityId"') }} as opportunity_key,
        "OpportunityId" as opportunity_id,
        "CreatedById" as created_by_id,

        "Field" as field_name,
        "DataType" as data_type,
        "OldValue" as old_value,
        "NewValue" as new_value,

        "CreatedDate" as created_at
    from source
    where
        deleted_at is null
        and not coalesce("IsDeleted", false)
)

select * from renamed
