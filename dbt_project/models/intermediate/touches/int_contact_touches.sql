{{ config(
    materialized='incremental', unique_key='source_record_key',
    owned={
        'stg_hubspot__contacts': '
            select record_key as owner, hash(
                original_source, original_source_at, original_source_detail_1, original_source_detail_2, latest_source,
                latest_source_at, latest_source_detail_1, latest_source_detail_2, first_conversion, first_conversion_at,
                recent_conversion, recent_conversion_at
            ) as hashed
            from {stg_hubspot__contacts}'
    }
) }}
with contacts as (
    select * from {{ ref('stg_hubspot__contacts') }}
    where {{ is_due('record_key') }}
),

touches as (
    select
        record_key as source_record_key,
        'original_source' as kind,
        'original_source' as touch_type,
        original_source_at as occurred_at,
        original_source as match_value,
        original_source_detail_1 as detail_1,
        original_source_detail_2 as detail_2,
        cast(null as varchar) as content
    from contacts
    where original_source_at is not null

    union all

    -- The first visit is both; it is one touch.
    select
        record_key as source_record_key,
        'latest_source' as kind,
        'latest_source' as touch_type,
        latest_source_at as occurred_at,
        latest_source as match_value,
        latest_source_detail_1 as detail_1,
        latest_source_detail_2 as detail_2,
        cast(null as varchar) as content
    from contacts
    where latest_source_at is not null and latest_source_at is distinct from original_source_at

    union all

    select
        record_key as source_record_key,
        'first_conversion' as kind,
        'conversion' as touch_type,
        first_conversion_at as occurred_at,
        cast(null as varchar) as match_value,
        cast(null as varchar) as detail_1,
        cast(null as varchar) as detail_2,
        first_conversion as content
    from contacts
    where first_conversion_at is not null

    union all

    select
        record_key as source_record_key,
        'recent_conversion' as kind,
        'conversion' as touch_type,
        recent_conversion_at as occurred_at,
        cast(null as varchar) as match_value,
        cast(null as varchar) as detail_1,
        cast(null as varchar) as detail_2,
        recent_conversion as content
    from contacts
    where recent_conversion_at is not null and recent_conversion_at is distinct from first_conversion_at
),

channels as (
    select
        case when kind = 'conversion' then 'conversion' else 'source' end as applies_to,
        match_value,
        channel,
        source,
        medium
    from {{ source('rules', 'channels') }}
    where vendor = 'hubspot' and kind in ('analytics_source', 'conversion')
)

select
    touches.source_record_key,
    touches.kind,
    touches.touch_type,
    touches.source_record_key as record_key,
    coalesce(by_second.campaign_id, by_first.campaign_id) as campaign_id,
    true as is_response,
    touches.occurred_at,
    coalesce(touches.content, touches.detail_2, touches.detail_1) as content,
    coalesce(exact.channel, matched.channel, fallback.channel) as channel,
    coalesce(exact.source, matched.source, fallback.source, touches.detail_1, lower(touches.match_value)) as source,
    coalesce(exact.medium, matched.medium, fallback.medium) as medium
from touches
left join channels as exact
    on
        exact.applies_to = case when touches.touch_type = 'conversion' then 'conversion' else 'source' end
        and lower(exact.match_value) = lower(touches.match_value || '/' || touches.detail_1)
left join channels as matched
    on
        matched.applies_to = case when touches.touch_type = 'conversion' then 'conversion' else 'source' end
        and touches.match_value = matched.match_value
left join channels as fallback
    on
        fallback.applies_to = case when touches.touch_type = 'conversion' then 'conversion' else 'source' end
        and fallback.match_value = '*'
-- HubSpot puts a campaign's name or UTM into one of the two details of a source.
left join {{ ref('int_campaign_names') }} as by_first on {{ slug('touches.detail_1') }} = by_first.key
left join {{ ref('int_campaign_names') }} as by_second on {{ slug('touches.detail_2') }} = by_second.key
