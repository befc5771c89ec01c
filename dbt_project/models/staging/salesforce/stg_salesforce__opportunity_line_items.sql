with source as (
    select * from {{ source('raw_salesforce', 'opportunity_line_item') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'OpportunityLineItem', '"Id"') }} as record_key,
        "Id" as opportunity_line_item_id,
        "OpportunityId" as opportunity_id,
        "PricebookEntryId" as pricebook_entry_id,
        "Product2Id" as product_id,

        "ProductCode" as product_code,
        "Name" as name,
        "CurrencyIsoCode" as currency_iso_code,

        "Quantity" as quantity,
        "UnitPrice" as unit_price,
        "ListPrice" as list_price,
        "TotalPrice" as total_price,
        "SortOrder" as sort_order,

        "ServiceDate" as service_date,

        "CreatedDate" as created_at,
        "SystemModstamp" as updated_at
    from source
    where
        deleted_at is null
        and not coalesce("IsDeleted", false)
)

select * from renamed
