with source as (
    select * from {{ source('raw_marketing_cloud', 'complaints') }}
),

renamed as (
    select
        {{ record_key('marketing_cloud', 'Complaint', '"id"') }} as record_key,
        "id" as complaint_id,
        "SubscriberKey" as subscriber_key,
        "EventDate" as occurred_at,
        "JobID" as send_id,
        "BatchID" as batch_id
    from source
)

select * from renamed
