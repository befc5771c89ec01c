{{ config(materialized='watched', unique_key=touched_record()) }}
with tasks as (
    select
        record_key as source_record_key,
        'task' as kind,
        case
            when lower(coalesce(subtype, '')) = 'call' or lower(type) = 'call' then 'call'
            when lower(coalesce(subtype, '')) in ('email', 'listemail') or lower(type) = 'email' then 'email'
            when lower(type) = 'meeting' then 'meeting'
            else 'task'
        end as touch_type,
        case
            when who_id like '003%' then {{ record_key('salesforce', 'Contact', 'who_id') }}
            else {{ record_key('salesforce', 'Lead', 'who_id') }}
        end as record_key,
        cast(null as varchar) as campaign_id,
        false as is_response,
        coalesce(completed_at, {{ utc_midnight('activity_date') }}) as occurred_at,
        completed_at is null as is_day,
        subject as content
    from {{ ref('stg_salesforce__tasks') }}
    where who_id is not null and (coalesce(is_closed, false) or status = 'Completed')
),

channels as (
    select
        lower(match_value) as match_value,
        channel,
        source,
        medium
    from {{ source('rules', 'channels') }}
    where vendor = 'salesforce' and kind = 'task'
)

select
    tasks.*,
    coalesce(matched.channel, fallback.channel) as channel,
    coalesce(matched.source, fallback.source) as source,
    coalesce(matched.medium, fallback.medium) as medium
from tasks
left join channels as matched on tasks.touch_type = matched.match_value
left join channels as fallback on fallback.match_value = '*'
