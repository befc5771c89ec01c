{{ config(
    materialized='incremental', changed_rows_only=true, tells_of_changed_only=true, unique_key='person_id', follows=['int_touches'], named_by='int_touches',
    owned={'run': touches_to_come()}, shared_columns={'int_campaigns': 'campaign_id, name'}
) }}
-- Marketing's touches that earn credit tell where a person came from; what sales did, and campaigns that they never answered,
-- are counted, but are no source.
with counted as materialized (
    select
        touches.person_id,
        touches.touchpoint_id,
        touches.channel,
        touches.medium,
        touches.content,
        touches.campaign_id,
        touches.occurred_at,
        {{ is_of_marketing('touches.') }} as is_of_marketing,
        {{ is_source_in_crm('touches.') }} as is_source_in_crm
    from (
        select * from {{ ref('int_touches') }}
        where {{ is_due('person_id') }} and is_counted
    ) as touches
    -- To compare with what a subquery gives DuckDB takes to leave nearly nothing, and joins the wrong way round.
    cross join {{ source('rules', 'run') }} as run
    where touches.occurred_at <= run.as_of
),

people as (
    select
        person_id,
        count(*) as touches,
        min(occurred_at) as first_touch_at,
        max(occurred_at) as last_touch_at,
        bool_or(is_of_marketing) as has_met_marketing
    from counted
    group by person_id
),

-- Only of these is it asked which came first; their place is one value, for it is compared many times.
sources as (
    select
        counted.person_id,
        counted.channel,
        counted.medium,
        counted.content,
        campaigns.name as campaign,
        create_sort_key(counted.occurred_at, 'ASC NULLS LAST', counted.touchpoint_id, 'ASC NULLS LAST') as place
    from counted
    inner join people on counted.person_id = people.person_id
    left join {{ ref('int_campaigns') }} as campaigns on counted.campaign_id = campaigns.campaign_id
    where case when people.has_met_marketing then counted.is_of_marketing else counted.is_source_in_crm end
),

ends as (
    select
        person_id,
        arg_min(channel, place) as first_touch_channel,
        arg_max(channel, place) as last_touch_channel,
        arg_min(campaign, place) as first_touch_campaign,
        arg_min(medium, place) as first_touch_medium,
        arg_max(medium, place) as last_touch_medium,
        arg_min(content, place) as first_touch_content,
        arg_max(content, place) as last_touch_content
    from sources
    group by person_id
)

select
    people.person_id,
    people.touches,
    ends.first_touch_channel,
    ends.last_touch_channel,
    ends.first_touch_campaign,
    ends.first_touch_medium,
    ends.last_touch_medium,
    ends.first_touch_content,
    ends.last_touch_content,
    people.first_touch_at,
    people.last_touch_at
from people
left join ends on people.person_id = ends.person_id
