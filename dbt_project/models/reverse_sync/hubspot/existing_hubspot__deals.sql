select
    records.deal_id as record_id,
    records.record_key,
    '' as person_id,
    cast({{ column_if_there(source('raw_hubspot', 'deals'), 'first_touch_source', 'varchar') }} as varchar) as first_touch_source,
    cast({{ column_if_there(source('raw_hubspot', 'deals'), 'first_touch_campaign', 'varchar') }} as varchar) as first_touch_campaign,
    cast({{ column_if_there(source('raw_hubspot', 'deals'), 'last_touch_source', 'varchar') }} as varchar) as last_touch_source,
    cast({{ column_if_there(source('raw_hubspot', 'deals'), 'touch_count', 'bigint') }} as bigint) as touch_count,
    cast({{ column_if_there(source('raw_hubspot', 'deals'), 'attributed_revenue', 'decimal(18,2)') }} as decimal(18, 2)) as attributed_revenue,
    cast({{ column_if_there(source('raw_hubspot', 'deals'), 'first_touch_medium', 'varchar') }} as varchar) as first_touch_medium,
    cast({{ column_if_there(source('raw_hubspot', 'deals'), 'first_touch_content', 'varchar') }} as varchar) as first_touch_content,
    cast({{ column_if_there(source('raw_hubspot', 'deals'), 'last_touch_medium', 'varchar') }} as varchar) as last_touch_medium,
    cast({{ column_if_there(source('raw_hubspot', 'deals'), 'last_touch_content', 'varchar') }} as varchar) as last_touch_content
from {{ source('raw_hubspot', 'deals') }} as raw
inner join {{ ref('stg_hubspot__deals') }} as records on raw.id = records.deal_id
