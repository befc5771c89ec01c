select
    existing.record_id,
    existing.record_key,
    existing.person_id,
    {{ if_there(source('raw_hubspot', 'deals'), 'first_touch_source', 'desired.first_touch_source', 'varchar') }} as first_touch_source,
    {{ if_there(source('raw_hubspot', 'deals'), 'first_touch_campaign', 'desired.first_touch_campaign', 'varchar') }} as first_touch_campaign,
    {{ if_there(source('raw_hubspot', 'deals'), 'last_touch_source', 'desired.last_touch_source', 'varchar') }} as last_touch_source,
    {{ if_there(source('raw_hubspot', 'deals'), 'touch_count', 'desired.touch_count', 'bigint') }} as touch_count,
    {{ if_there(source('raw_hubspot', 'deals'), 'attributed_revenue', in_record_currency('desired.attributed_revenue'), 'decimal(18,2)') }} as attributed_revenue,
    {{ if_there(source('raw_hubspot', 'deals'), 'first_touch_medium', 'desired.first_touch_medium', 'varchar') }} as first_touch_medium,
    {{ if_there(source('raw_hubspot', 'deals'), 'first_touch_content', 'desired.first_touch_content', 'varchar') }} as first_touch_content,
    {{ if_there(source('raw_hubspot', 'deals'), 'last_touch_medium', 'desired.last_touch_medium', 'varchar') }} as last_touch_medium,
    {{ if_there(source('raw_hubspot', 'deals'), 'last_touch_content', 'desired.last_touch_content', 'varchar') }} as last_touch_content
from {{ ref('existing_hubspot__deals') }} as existing
inner join {{ ref('int_opportunity_members') }} as members on existing.record_key = members.record_key
inner join {{ ref('int_desired_deals') }} as desired on members.opportunity_id = desired.opportunity_id
{{ record_money_joins('existing.record_key') }}
