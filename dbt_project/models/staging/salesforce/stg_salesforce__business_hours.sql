with source as (
    select * from {{ source('raw_salesforce', 'business_hours') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'BusinessHours', '"Id"') }} as record_key,
        "Id" as business_hours_id,

        "Name" as name,
        "TimeZoneSidKey" as time_zone_sid_key,
        "MondayStartTime" as monday_start_time,
        "MondayEndTime" as monday_end_time,
        "TuesdayStartTime" as tuesday_start_time,
        "TuesdayEndTime" as tuesday_end_time,
        "WednesdayStartTime" as wednesday_start_time,
        "WednesdayEndTime" as wednesday_end_time,
        "ThursdayStartTime" as thursday_start_time,
        "ThursdayEndTime" as thursday_end_time,
        "FridayStartTime" as friday_start_time,
        "FridayEndTime" as friday_end_time,
        "SaturdayStartTime" as saturday_start_time,
        "SaturdayEndTime" as saturday_end_time,
        "SundayStartTime" as sunday_start_time,
        "SundayEndTime" as sunday_end_time,

        "IsActive" as is_active,
        "IsDefault" as is_default,

        "SystemModstamp" as updated_at
    from source
)

select * from renamed
