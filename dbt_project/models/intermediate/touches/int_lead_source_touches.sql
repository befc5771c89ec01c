{{ config(materialized='watched', unique_key=touched_record()) }}
-- Where a person of Salesforce came from, by what the lead or contact says, from the moment it was made.
with people as (
    select
        record_key,
        lead_source,
        created_at
    from {{ ref('stg_salesforce__leads') }}
    union all
    select
        record_key,
        lead_source,
        created_at
    from {{ ref('stg_salesforce__contacts') }}
),

prepared as (
    select
        record_key as source_record_key,
        record_key,
        created_at as occurred_at,
        lead_source as content,
        cast(null as varchar) as campaign_id,
        lead_source as match_value,
        cast(null as varchar) as detail
    from people
    where lead_source is not null
),

channelled as (
    {{ with_channels('prepared', 'salesforce', 'lead_source') }}
)

select
    *,
    'lead_source' as kind,
    'original_source' as touch_type,
    true as is_response
from channelled
