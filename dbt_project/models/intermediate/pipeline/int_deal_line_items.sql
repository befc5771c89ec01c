-- By themselves they stay as they are where only deals change.
with line_items as (
    select
        {{ record_key('salesforce', 'Opportunity', 'items.opportunity_id') }} as deal_key,
        coalesce(products.name, items.name) as product,
        items.total_price as amount
    from {{ ref('stg_salesforce__opportunity_line_items') }} as items
    left join {{ ref('stg_salesforce__products') }} as products on items.product_id = products.product_id
    union all
    select
        {{ record_key('hubspot', 'deals', 'links.to_id') }} as deal_key,
        items.name as product,
        coalesce(items.amount, items.price * items.quantity) as amount
    from {{ ref('stg_hubspot__line_items') }} as items
    inner join {{ ref('stg_hubspot__associations') }} as links
        on
            items.line_item_id = links.from_id
            and links.from_type = 'line_items'
            and links.to_type = 'deals'
)

select
    deal_key,
    product,
    sum(amount) as amount
from line_items
where product is not null
group by deal_key, product
