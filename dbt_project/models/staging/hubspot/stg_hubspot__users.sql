with source as (
    select * from {{ source('raw_hubspot', 'users') }}
    where
        deleted_at is null
        and not coalesce(archived, false)
),

renamed as (
    select
        {{ record_key('hubspot', 'users', 'id') }} as record_key,
        id as user_id,
        created_at,
        updated_at,
        hs_email as email,
        hs_given_name as given_name,
        hs_family_name as family_name,
        hs_job_title as job_title,
        hs_internal_user_id as internal_user_id,
        hubspot_owner_id as owner_id,
        hs_standard_time_zone as standard_time_zone,
        hs_working_hours as working_hours,
        hs_out_of_office_hours as out_of_office_hours,
        hs_availability_status as availability_status,
        hs_deactivated as is_deactivated
    from source
)

select * from renamed
