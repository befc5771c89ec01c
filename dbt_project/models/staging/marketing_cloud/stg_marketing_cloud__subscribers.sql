with source as (
    select * from {{ source('raw_marketing_cloud', 'subscribers') }}
),

renamed as (
    select
        {{ record_key('marketing_cloud', 'Subscriber', '"SubscriberKey"') }} as record_key,
        "SubscriberKey" as subscriber_key,
        "ID" as subscriber_id,
        "EmailAddress" as email,
        "Status" as status,
        "CreatedDate" as created_at,
        "UnsubscribedDate" as unsubscribed_at
    from source
)

select * from renamed
