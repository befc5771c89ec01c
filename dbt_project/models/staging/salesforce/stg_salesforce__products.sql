with source as (
    select * from {{ source('raw_salesforce', 'product2') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'Product2', '"Id"') }} as record_key,
        "Id" as product_id,

        "Name" as name,
        "ProductCode" as product_code,
        "Family" as family,
        "Description" as description,

        "IsActive" as is_active,

        "CreatedDate" as created_at,
        "SystemModstamp" as updated_at
    from source
    where
        deleted_at is null
        and not coalesce("IsDeleted", false)
)

select * from renamed
