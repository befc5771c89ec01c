with source as (
    select * from {{ source('raw_hubspot', 'products') }}
    where
        deleted_at is null
        and not coalesce(archived, false)
),

renamed as (
    select
        {{ record_key('hubspot', 'products', 'id') }} as record_key,
        id as product_id,
        created_at,
        updated_at,
        name,
        description,
        price,
        hs_sku as sku,
        hs_cost_of_goods_sold as cost_of_goods_sold,
        hs_product_type as product_type,
        recurringbillingfrequency as billing_frequency
    from source
)

select * from renamed
