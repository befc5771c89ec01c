{{ config(
    materialized='incremental', unique_key='person_id', follows=['int_touches'], named_by='int_touches',
    owned={'run': touches_to_come()}, shared_columns={'int_campaigns': 'campaign_id, name'}
) }}
-- Marketing's touches that earn credit tell where a person came from; what sales did, and campaigns that they never answered,
-- are counted, but are no source.
with touches as (
    select
        touches.person_id,
        touches.channel,
        touches.medium,
        touches.content,
        touches.occurred_at,
        (touches.occurred_at, touches.touchpoint_id) as place,
        campaigns.name as campaign,
        {{ is_source_of('touches', 'touches.person_id') }} as is_marketing
    from (
        select * from {{ ref('int_touches') }}
        where {{ is_row_due(ref('int_touches'), 'person_id') }}
    ) as touches
    left join {{ ref('int_campaigns') }} as campaigns on touches.campaign_id = campaigns.campaign_id
    where touches.is_counted and touches.occurred_at <= {{ run_value('as_of') }}
)

select
    person_id,
    count(*) as touches,
    arg_min(channel, place) filter (where is_marketing) as first_touch_channel,
    arg_max(channel, place) filter (where is_marketing) as last_touch_channel,
    arg_min(campaign, place) filter (where is_marketing and campaign is not null) as first_touch_campaign,
    arg_min(medium, place) filter (where is_marketing and medium is not null) as first_touch_medium,
    arg_max(medium, place) filter (where is_marketing and medium is not null) as last_touch_medium,
    arg_min(content, place) filter (where is_marketing and content is not null) as first_touch_content,
    arg_max(content, place) filter (where is_marketing and content is not null) as last_touch_content,
    min(occurred_at) as first_touch_at,
    max(occurred_at) as last_touch_at
from touches
group by person_id
