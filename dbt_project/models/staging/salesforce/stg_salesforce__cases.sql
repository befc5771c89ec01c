with source as (
    select * from {{ source('raw_salesforce', 'case') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'Case', '"Id"') }} as record_key,
        "Id" as case_id,
        "AccountId" as account_id,
        "ContactId" as contact_id,
        "OwnerId" as owner_id,
        "ParentId" as parent_id,
        "MasterRecordId" as master_record_id,

        "CaseNumber" as case_number,
        "Subject" as subject,
        "Status" as status,
        "Priority" as priority,
        "Origin" as origin,
        "Type" as type,
        "Reason" as reason,

        "IsClosed" as is_closed,
        "IsEscalated" as is_escalated,

        "ClosedDate" as closed_at,
        "CreatedDate" as created_at,
        "SystemModstamp" as updated_at
    from source
    where
        deleted_at is null
        and not coalesce("IsDeleted", false)
)

select * from renamed
