with source as (
    select * from {{ source('raw_salesforce', 'pricebook_entry') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'PricebookEntry', '"Id"') }} as record_key,
        "Id" as pricebook_entry_id,
        "Pricebook2Id" as pricebook2_id,
        "Product2Id" as product_id,

        "Name" as name,
        "ProductCode" as product_code,
        "CurrencyIsoCode" as currency_iso_code,

        "UnitPrice" as unit_price,

        "IsActive" as is_active,

        "CreatedDate" as created_at,
        "SystemModstamp" as updated_at
    from source
    where
        deleted_at is null
        and not coalesce("IsDeleted", false)
)

select * from renamed
