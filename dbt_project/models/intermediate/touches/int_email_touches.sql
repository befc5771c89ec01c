{{ config(materialized='watched', unique_key=touched_record(), as_table=true) }}
-- Opens and clicks of marketing e-mail. What a scanner clicks on the way is flagged by three rules (config/attribution.yml):
-- HubSpot's own filter, a click too soon after delivery, too many different links at once.
with events as (
    select
        record_key,
        lower(trim(recipient)) as recipient,
        email_campaign_id,
        email_event_type,
        occurred_at,
        coalesce(is_filtered, false) as is_filtered,
        lower(user_agent) as user_agent,
        coalesce(url, cast(link_id as varchar)) as link
    from {{ ref('stg_hubspot__email_events') }}
    where email_event_type in ('DELIVERED', 'OPEN', 'CLICK')
),

limits as (
    {{ bot_limits() }}
),

clicks as (
    select * from events
    where email_event_type = 'CLICK'
),

delivered as (
    select
        recipient,
        email_campaign_id,
        min(occurred_at) as delivered_at
    from events
    where email_event_type = 'DELIVERED'
    group by recipient, email_campaign_id
),

at_once as (
    {{ links_at_once('clicks', ['recipient', 'email_campaign_id']) }}
),

prepared as (
    select
        events.record_key as source_record_key,
        addresses.record_key,
        events.occurred_at,
        campaigns.name as content,
        names.campaign_id,
        'email' as match_value,
        cast(null as varchar) as detail,
        case events.email_event_type when 'CLICK' then 'email_click' else 'email_open' end as kind,
        coalesce(
            events.is_filtered
            or (
                events.email_event_type = 'CLICK'
                and events.occurred_at < delivered.delivered_at + to_seconds(limits.seconds)
            )
            or (limits.links > 0 and at_once.links >= limits.links)
            or len(list_filter(limits.agents, lambda a: contains(events.user_agent, a))) > 0,
            false
        ) as is_bot
    from events
    cross join limits
    left join delivered
        on events.recipient = delivered.recipient and events.email_campaign_id = delivered.email_campaign_id
    left join at_once on events.record_key = at_once.record_key
    left join {{ ref('stg_hubspot__email_campaigns') }} as campaigns
        on events.email_campaign_id = campaigns.email_campaign_id
    left join {{ ref('int_touch_addresses') }} as addresses on events.recipient = addresses.address
    -- A batch is named after its campaign, alone or before a colon.
    left join {{ ref('int_campaign_names') }} as names
        on {{ slug("split_part(campaigns.name, ':', 1)") }} = names.key
    where events.email_event_type in ('OPEN', 'CLICK')
),

channelled as (
    {{ with_channels('prepared', 'hubspot', 'email') }}
)

select
    *,
    kind as touch_type,
    kind = 'email_click' and not is_bot as is_response
from channelled
