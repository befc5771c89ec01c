-- Salesforce's event has no outcome: one that is deleted before it began was called off.
with source as (
    select * from {{ source('raw_salesforce', 'event') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'Event', '"Id"') }} as record_key,
        "Id" as event_id,
        "WhoId" as who_id,
        "OwnerId" as owner_id,
        "Subject" as subject,
        coalesce("StartDateTime", "ActivityDateTime") as starts_at,
        "CreatedDate" as created_at,
        deleted_at as canceled_at
    from source
    where deleted_at is not null and deleted_at <= coalesce("StartDateTime", "ActivityDateTime")
)

select * from renamed
