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
        split_part(unioned.source_record_key, ':', 1) as vendor,
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
),

near as (
    select
        *,
        -- A form that is sent again within a minute was sent once, by somebody impatient.
        coalesce(
            touch_type = 'form'
            and occurred_at - lag(occurred_at) over (
                partition by person_id, touch_type, content order by occurred_at, touchpoint_id
            ) <= interval 1 minute,
            false
        ) as is_again,
        -- The first call of a day on a subject in one CRM is the first in the other; and so is the second.
        row_number() over (
            partition by
                person_id, touch_type, vendor, cast(occurred_at at time zone 'UTC' as date), {{ slug('content') }}
            order by occurred_at, touchpoint_id
        ) as nth_of_day
    from identified
),

-- What a contact's properties say of a form, and the form itself, are one. So are a click and the membership that
-- config/engagement.yml has made of it.
told_twice as (
    select distinct conversions.touchpoint_id
    from identified as conversions
    inner join identified as forms
        on
            conversions.person_id = forms.person_id
            and forms.occurred_at
            between conversions.occurred_at - interval 1 minute and conversions.occurred_at + interval 1 minute
    where conversions.touch_type = 'conversion' and forms.touch_type = 'form'
    union
    select distinct memberships.touchpoint_id
    from identified as memberships
    inner join {{ source('rules', 'engagement_members') }} as rules
        on memberships.content = rules.status and rules.did = 'clicked'
    inner join identified as clicks
        on
            memberships.person_id = clicks.person_id
            and memberships.campaign_id = clicks.campaign_id
            and memberships.occurred_at >= clicks.occurred_at
    where
        memberships.touch_type = 'membership'
        and memberships.is_response
        and clicks.touch_type = 'email_click'
        and clicks.vendor = 'marketing_cloud'
),

-- Several records may tell of one event: a lead and a contact, or two contacts, of one person, or both CRMs. It happened
-- once. A membership without a response is no event but a list entry, and each of them stands.
counted as (
    select
        near.*,
        row_number() over (
            partition by
                case
                    when
                        near.person_id is null
                        or near.is_bot
                        or (near.touch_type = 'membership' and not near.is_response)
                        then near.touchpoint_id
                    else near.person_id
                end,
                case
                    -- To attend is one thing, whether it stands as a marketing event or as a campaign's response.
                    when near.touch_type in ('membership', 'event') and near.is_response and near.campaign_id is not null
                        then 'response:' || near.campaign_id || ':' || cast(near.occurred_at at time zone 'UTC' as date)
                    -- A person came to be once, however many records say from where.
                    when near.touch_type = 'original_source' then 'original_source'
                    when near.touch_type in ('call', 'email', 'meeting', 'task', 'message')
                        then
                            near.touch_type || ':' || cast(near.occurred_at at time zone 'UTC' as date)
                            || ':' || coalesce({{ slug('near.content') }}, '') || ':' || near.nth_of_day
                    else
                        near.touch_type || ':' || coalesce(near.campaign_id, '') || ':'
                        || coalesce(cast(epoch_us(near.occurred_at) as varchar), '') || ':'
                        || case when near.campaign_id is null then coalesce(near.content, '') else '' end
                end
            order by
                near.earns_credit desc,
                -- Of two sources the one that says something, then HubSpot's, which knows the minute.
                near.channel in {{ attribution_setting('coverage_without_channel') }},
                near.kind = 'lead_source',
                case when near.touch_type = 'original_source' then near.occurred_at end,
                near.source_record_key asc,
                near.touchpoint_id asc
        ) as copy,
        told_twice.touchpoint_id is not null as is_told_twice
    from near
    left join told_twice on near.touchpoint_id = told_twice.touchpoint_id
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
    is_bot,
    earns_credit,
    source_record_key,
    person_id is not null
    and occurred_at is not null
    and copy = 1
    and not is_bot
    and not is_again
    and not is_told_twice as is_counted
from counted
