-- Every touch that a record tells of, with the person it is of and whether it may earn credit. Which of them tell of the
-- same event is seen among one person's (int_touches).
with unioned as (
    select * from {{ ref('int_membership_touches') }}
    union all by name
    select * from {{ ref('int_task_touches') }}
    union all by name
    select * from {{ ref('int_engagement_touches') }}
    union all by name
    select * from {{ ref('int_contact_touches') }}
    union all by name
    select * from {{ ref('int_lead_source_touches') }}
    union all by name
    select * from {{ ref('int_form_touches') }}
    union all by name
    select * from {{ ref('int_event_touches') }}
    union all by name
    select * from {{ ref('int_email_touches') }}
    union all by name
    select * from {{ ref('int_visit_touches') }}
    union all by name
    select * from {{ ref('int_list_touches') }}
    union all by name
    select * from {{ ref('int_marketing_touches') }}
),

identified as (
    select
        unioned.* exclude (is_bot, is_tagged),
        people.person_id,
        coalesce(unioned.is_bot, false) as is_bot,
        {{ short_hash("unioned.source_record_key || ':' || unioned.kind") }} as touchpoint_id,
        coalesce(
            touch_types.earns = 'always'
            or (touch_types.earns = 'responded' and unioned.is_response)
            or (touch_types.earns = 'tagged' and unioned.is_tagged)
            or (unioned.touch_type = 'membership' and lower(unioned.content) in {{ attribution_setting('membership_status') }}),
            false
        ) and not coalesce(unioned.is_bot, false) as earns_credit
    from unioned
    left join {{ ref('int_person_registry') }} as registry on unioned.record_key = registry.record_key
    left join {{ ref('int_people') }} as people on registry.person_id = people.person_id
    left join {{ source('rules', 'touch_types') }} as touch_types on unioned.touch_type = touch_types.touch_type
)

select
    touchpoint_id,
    record_key,
    person_id,
    occurred_at,
    coalesce(channel, 'unknown') as channel,
    source,
    medium,
    campaign_id,
    content,
    touch_type,
    kind,
    is_response,
    is_bot,
    earns_credit,
    source_record_key
from identified
