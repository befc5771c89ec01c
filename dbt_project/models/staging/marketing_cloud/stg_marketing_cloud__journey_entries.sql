with source as (
    select * from {{ source('raw_marketing_cloud', 'journey_entries') }}
),

renamed as (
    select
        {{ record_key('marketing_cloud', 'JourneyEntry', '"id"') }} as record_key,
        "id" as journey_entry_id,
        "event" as event_definition_key,
        "extension" as data_extension_key,
        "EntryId" as entry_id,
        "ContactKey" as subscriber_key,
        -- Names of columns are in small letters here.
        cast("data" as varchar) as data
    from source
)

select * from renamed
