with source as (
    select * from {{ source('raw_salesforce', 'email_message') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'EmailMessage', '"Id"') }} as record_key,
        "Id" as email_message_id,
        "ParentId" as parent_id,
        "RelatedToId" as related_to_id,

        "FromAddress" as from_address,
        "ToAddress" as to_address,
        "Subject" as subject,
        "Status" as status,

        "Incoming" as incoming,
        "IsOpened" as is_opened,

        "MessageDate" as sent_at,
        "CreatedDate" as created_at,
        "SystemModstamp" as updated_at
    from source
    where
        deleted_at is null
        and not coalesce("IsDeleted", false)
)

select * from renamed
