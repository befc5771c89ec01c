with source as (
    select * from {{ source('raw_marketing_cloud', 'lists') }}
),

renamed as (
    select
        {{ record_key('marketing_cloud', 'List', '"ID"') }} as record_key,
        "ID" as list_id,
        "CustomerKey" as list_key,
        "ListName" as name,
        "Type" as type,
        "Description" as description,
        "ListClassification" as classification,
        "CreatedDate" as created_at
    from source
)

select * from renamed
