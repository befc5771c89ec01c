{{ config(
    materialized='incremental', changed_rows_only=true, unique_key='opportunity_id', follows=['int_opportunities'], inputs=['int_opportunity_people'],
    owned={'run': deals_touches_to_come('>')},
    through={'int_touches': deals_touched()}
) }}
-- Where a deal came from: the first touch of its people that may earn credit, by whenever it closed, and how many there were.
with people as (
    select
        people.opportunity_id,
        people.person_id,
        coalesce(deals.closed_at + interval 1 day, {{ run_value('as_of') }}) as ends_at
    from {{ ref('int_opportunity_people') }} as people
    inner join {{ ref('int_opportunities') }} as deals on people.opportunity_id = deals.opportunity_id
    where {{ is_due('people.opportunity_id') }}
),

first_touches as (
    select
        people.opportunity_id,
        arg_min(
            struct_pack(
                channel := touches.channel, source := touches.source, campaign_id := touches.campaign_id
            ),
            (touches.occurred_at, touches.touchpoint_id)
        ) as touch,
        count(*) as touches
    from people
    inner join {{ ref('int_touches') }} as touches on people.person_id = touches.person_id
    where touches.is_counted and touches.earns_credit and touches.occurred_at <= people.ends_at
    group by people.opportunity_id
)

select
    opportunity_id,
    unnest(touch),
    touches
from first_touches
