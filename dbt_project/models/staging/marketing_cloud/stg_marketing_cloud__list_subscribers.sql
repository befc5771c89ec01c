with source as (
    select * from {{ source('raw_marketing_cloud', 'list_subscribers') }}
),

renamed as (
    select
        {{ record_key('marketing_cloud', 'ListSubscriber', '"ID"') }} as record_key,
        "ID" as list_subscriber_id,
        "ListID" as list_id,
        "SubscriberKey" as subscriber_key,
        "Status" as status,
        "CreatedDate" as created_at,
        "ModifiedDate" as updated_at
    from source
)

select * from renamed
