with source as (
    select * from {{ source('raw_salesforce', 'lead_history') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'Lead', '"LeadId"') }} as lead_key,
        "Id" as history_id,
        "LeadId" as lead_id,
        "CreatedById" as created_by_id,

        "Field" as field,
        "OldValue" as old_value,
        "NewValue" as new_value,

        "CreatedDate" as changed_at
    from source
)

select * from renamed
