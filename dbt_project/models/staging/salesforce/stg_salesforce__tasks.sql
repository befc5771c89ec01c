with source as (
    select * from {{ source('raw_salesforce', 'task') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'Task', 'id') }} as record_key,
        id as task_id,
        whoid as who_id,
        whatid as what_id,
        ownerid as owner_id,

        subject,
        type,
        tasksubtype as subtype,
        status,
        priority,

        isclosed as is_closed,

        activitydate as activity_date,

        completeddatetime as completed_at,
        createddate as created_at,
        systemmodstamp as updated_at
    from source
    where deleted_at is null
        and not coalesce(isdeleted, false)
)

select * from renamed
