with source as (
    select * from {{ source('raw_marketing_cloud', 'sent_events') }}
),

renamed as (
    select
        {{ record_key('marketing_cloud', 'SentEvent', '"id"') }} as record_key,
        "id" as event_id,
        "SendID" as send_id,
        "SubscriberKey" as subscriber_key,
        "SubscriberID" as subscriber_id,
        "EventDate" as occurred_at,
        "BatchID" as batch_id,
        "ListID" as list_id,
        "TriggeredSendDefinitionObjectID" as triggered_send_id
    from source
)

select * from renamed
