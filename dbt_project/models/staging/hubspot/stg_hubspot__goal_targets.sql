with source as (
    select * from {{ source('raw_hubspot', 'goal_targets') }}
    where
        deleted_at is null
        and not coalesce(archived, false)
),

renamed as (
    select
        {{ record_key('hubspot', 'goal_targets', 'id') }} as record_key,
        id as goal_target_id,
        created_at,
        updated_at,
        hs_goal_name as goal_name,
        hs_target_amount as target_amount,
        hs_kpi_value as kpi_value,
        hs_start_datetime as starts_at,
        hs_end_datetime as ends_at,
        hs_status as status,
        hubspot_owner_id as owner_id
    from source
)

select * from renamed
