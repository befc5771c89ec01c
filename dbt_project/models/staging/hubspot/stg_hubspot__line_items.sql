with source as (
    select * from {{ source('raw_hubspot', 'line_items') }}
    where
        deleted_at is null
        and not coalesce(archived, false)
),

renamed as (
    select
        {{ record_key('hubspot', 'line_items', 'id') }} as record_key,
        id as line_item_id,
        created_at,
        updated_at,
        name,
        hs_product_id as product_id,
        hs_sku as sku,
        cast(quantity as double) as quantity,
        price,
        discount,
        amount,
        hs_line_item_currency_code as currency,
        recurringbillingfrequency as billing_frequency
    from source
)

select * from renamed
