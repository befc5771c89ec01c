with unioned as (
    select * from {{ ref('int_membership_touches') }}
    union all by name
    select * from {{ ref('int_task_touches') }}
    union all by name
    select * from {{ ref('int_contact_touches') }}
),

identified as (
    select
        unioned.*,
        people.person_id,
        {{ short_hash("unioned.source_record_key || ':' || unioned.kind") }} as touchpoint_id,
        touch_types.earns = 'always' or (touch_types.earns = 'responded' and unioned.is_response) as earns_credit
    from unioned
    left join {{ ref('int_person_registry') }} as registry on unioned.record_key = registry.record_key
    left join {{ ref('int_people') }} as people on registry.person_id = people.person_id
    left join {{ source('rules', 'touch_types') }} as touch_types on unioned.touch_type = touch_types.touch_type
),

-- A lead and a contact, or two contacts, of one person may both record the same event: it happened once.
-- A membership without a response is no event but a list entry, and each of them stands.
counted as (
    select
        *,
        row_number() over (
            partition by
                case
                    when person_id is null or (touch_type = 'membership' and not is_response) then touchpoint_id
                    else person_id
                end,
                touch_type,
                coalesce(campaign_id, ''),
                occurred_at,
                case when campaign_id is null then coalesce(content, '') end
            order by earns_credit desc, source_record_key asc, touchpoint_id asc
        ) as copy
    from identified
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
    is_response,
    coalesce(earns_credit, false) as earns_credit,
    source_record_key,
    person_id is not null and occurred_at is not null and copy = 1 as is_counted
from counted
