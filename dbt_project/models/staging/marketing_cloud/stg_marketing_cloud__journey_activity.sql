with source as (
    select * from {{ source('raw_marketing_cloud', 'journey_activity') }}
),

renamed as (
    select
        {{ record_key('marketing_cloud', 'JourneyActivity', '"id"') }} as record_key,
        "id" as journey_activity_id,
        "SubscriberKey" as subscriber_key,
        "EventDate" as occurred_at,
        "JourneyKey" as journey_key,
        "JourneyName" as journey_name,
        "VersionNumber" as version,
        "ActivityName" as activity_name,
        "JobID" as send_id
    from source
)

select * from renamed
