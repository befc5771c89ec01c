with source as (
    select * from {{ source('raw_marketing_cloud', 'data_extensions') }}
),

renamed as (
    select
        {{ record_key('marketing_cloud', 'DataExtension', '"ObjectID"') }} as record_key,
        "ObjectID" as data_extension_id,
        "CustomerKey" as data_extension_key,
        "Name" as name,
        "Description" as description,
        "IsSendable" as is_sendable,
        "CategoryID" as category_id,
        "CreatedDate" as created_at,
        "ModifiedDate" as updated_at
    from source
)

select * from renamed
