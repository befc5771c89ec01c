with source as (
    select * from {{ source('raw_hubspot', 'tasks') }}
    where
        deleted_at is null
        and not coalesce(archived, false)
),

renamed as (
    select
        {{ record_key('hubspot', 'tasks', 'id') }} as record_key,
        id as task_id,
        created_at,
        updated_at,
        hs_timestamp as occurred_at,
        hs_task_subject as subject,
        hs_task_body as body,
        hs_task_status as status,
        hs_task_priority as priority,
        hs_task_type as task_type,
        hs_task_completion_date as completed_at,
        hubspot_owner_id as owner_id
    from source
)

select * from renamed
