with source as (
    select * from {{ source('raw_marketing_cloud', 'unsubscribe_events') }}
),

renamed as (
    select
        {{ record_key('marketing_cloud', 'UnsubEvent', '"id"') }} as record_key,
        "id" as event_id,
        "SendID" as send_id,
        "SubscriberKey" as subscriber_key,
        "EventDate" as occurred_at,
        "BatchID" as batch_id,
        "ListID" as list_id,
        "IsMasterUnsubscribed" as is_master_unsubscribed,
        "TriggeredSendDefinitionObjectID" as triggered_send_id
    from source
)

select * from renamed
