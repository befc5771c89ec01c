with source as (
    select * from {{ source('raw_marketing_cloud', 'open_events') }}
),

renamed as (
    select
        {{ record_key('marketing_cloud', 'OpenEvent', '"id"') }} as record_key,
        "id" as event_id,
        "SendID" as send_id,
        "SubscriberKey" as subscriber_key,
        "EventDate" as occurred_at,
        "BatchID" as batch_id,
        "TriggeredSendDefinitionObjectID" as triggered_send_id
    from source
)

select * from renamed
