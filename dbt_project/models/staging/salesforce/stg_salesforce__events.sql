-- How an event came out is told by a field of the org's own, which config names.
with source as (
    select
        event.*,
        outcomes.outcome
    from {{ source('raw_salesforce', 'event') }} as event
    left join {{ source('rules', 'event_outcomes') }} as outcomes on event."Id" = outcomes.event_id
),

renamed as (
    select
        {{ record_key('salesforce', 'Event', '"Id"') }} as record_key,
        "Id" as event_id,
        "WhoId" as who_id,
        "WhatId" as what_id,
        "AccountId" as account_id,
        "OwnerId" as owner_id,

        "Subject" as subject,
        "Location" as location,
        "EventSubtype" as event_subtype,
        outcome,

        "DurationInMinutes" as duration_in_minutes,

        "IsAllDayEvent" as is_all_day_event,

        "ActivityDate" as activity_date,

        "StartDateTime" as starts_at,
        "EndDateTime" as ends_at,
        "ActivityDateTime" as due_at,
        "CreatedDate" as created_at,
        "SystemModstamp" as updated_at
    from source
    where
        deleted_at is null
        and not coalesce("IsDeleted", false)
)

select * from renamed
