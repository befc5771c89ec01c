{{ config(materialized='watched', unique_key=touched_record(), as_table=true) }}
-- Pages seen by people whom HubSpot knows. An address with UTM parameters is the click on an ad or a campaign's link.
with visited as (
    select
        record_key as source_record_key,
        {{ record_key('hubspot', 'contacts', 'object_id') }} as record_key,
        occurred_at,
        json_extract_string(properties, '$.hs_url') as url
    from {{ ref('stg_hubspot__behavioral_events') }}
    where event_type = 'e_visited_page' and lower(object_type) in ('contact', 'contacts')
),

prepared as (
    select
        visited.source_record_key,
        visited.record_key,
        visited.occurred_at,
        split_part(visited.url, '?', 1) as content,
        {{ utm('visited.url', 'medium') }} as utm_medium,
        {{ utm('visited.url', 'source') }} as utm_source,
        {{ utm('visited.url', 'campaign') }} as utm_campaign
    from visited
),

named as (
    select
        prepared.source_record_key,
        prepared.record_key,
        prepared.occurred_at,
        prepared.content,
        prepared.utm_campaign is not null or prepared.utm_medium is not null as is_tagged,
        names.campaign_id,
        prepared.utm_medium,
        prepared.utm_source
    from prepared
    left join {{ ref('int_campaign_names') }} as names on {{ slug('prepared.utm_campaign') }} = names.key
),

by_utm as (
    select
        * exclude (utm_medium, utm_source),
        utm_medium as match_value,
        utm_source as detail
    from named
    where utm_medium is not null
),

by_page as (
    select
        * exclude (utm_medium, utm_source),
        content as match_value,
        utm_source as detail
    from named
    where utm_medium is null
),

channelled as (
    {{ with_channels('by_utm', 'utm', 'medium') }}
    union all
    {{ with_channels('by_page', 'hubspot', 'visit') }}
)

select
    *,
    'page_visit' as kind,
    'page_visit' as touch_type,
    true as is_response
from channelled
