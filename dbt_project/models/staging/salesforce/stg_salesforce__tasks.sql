with source as (
    select * from {{ source('raw_salesforce', 'task') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'Task', '"Id"') }} as record_key,
        "Id" as task_id,
        "WhoId" as who_id,
        "WhatId" as what_id,
        "OwnerId" as owner_id,

        "Subject" as subject,
        "Type" as type,
        "TaskSubtype" as subtype,
        "Status" as status,
        "Priority" as priority,

        "IsClosed" as is_closed,

        "ActivityDate" as activity_date,

        "CompletedDateTime" as completed_at,
        "CreatedDate" as created_at,
        "SystemModstamp" as updated_at
    from source
    where
        deleted_at is null
        and not coalesce("IsDeleted", false)
)

select * from renamed
