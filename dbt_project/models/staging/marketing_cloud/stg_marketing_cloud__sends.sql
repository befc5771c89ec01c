with source as (
    select * from {{ source('raw_marketing_cloud', 'sends') }}
),

renamed as (
    select
        {{ record_key('marketing_cloud', 'Send', '"ID"') }} as record_key,
        "ID" as send_id,
        "EmailName" as name,
        "Subject" as subject,
        "Status" as status,
        "SentDate" as sent_at,
        "NumberSent" as number_sent
    from source
)

select * from renamed
