with source as (
    select * from {{ source('raw_salesforce', 'holiday') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'Holiday', '"Id"') }} as record_key,
        "Id" as holiday_id,

        "Name" as name,
        "Description" as description,

        "StartTimeInMinutes" as start_time_in_minutes,
        "EndTimeInMinutes" as end_time_in_minutes,

        "IsAllDay" as is_all_day,
        "IsRecurrence" as is_recurrence,

        "ActivityDate" as activity_date,

        "SystemModstamp" as updated_at
    from source
)

select * from renamed
