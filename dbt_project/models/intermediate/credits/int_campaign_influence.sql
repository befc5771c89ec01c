{{ config(
    materialized='incremental', changed_rows_only=true, unique_key='opportunity_id',
    inputs=['int_opportunity_people'],
    owned={
        'int_opportunities': '
            select opportunity_id as owner, hash(is_closed, amount_converted) as hashed from {int_opportunities}',
        'run': deals_touches_to_come()
    },
    through={
        'int_touches': '
            select people.opportunity_id as owner
            from {int_opportunity_people} as people
            inner join {int_opportunities} as deals on people.opportunity_id = deals.opportunity_id and not deals.is_closed
            where people.person_id in {due}'
    }
) }}
with open_deals as (
    select
        opportunity_id,
        amount_converted
    from {{ ref('int_opportunities') }}
    where {{ is_due('opportunity_id') }} and not is_closed
),

-- Who takes part comes first: else touches are joined with everybody of any deal.
taking_part as materialized (
    select
        people.opportunity_id,
        people.person_id
    from {{ ref('int_opportunity_people') }} as people
    inner join open_deals on people.opportunity_id = open_deals.opportunity_id
    where {{ is_due('people.opportunity_id') }}
),

-- What the clock leaves out is asked behind the join, which else takes touches for the few that are looked up.
touched as (
    select
        touches.campaign_id,
        people.opportunity_id,
        touches.person_id,
        touches.is_response,
        touches.occurred_at
    from taking_part as people
    inner join {{ ref('int_touches') }} as touches on people.person_id = touches.person_id
    where touches.is_counted and touches.campaign_id is not null
),

met as (
    select
        campaign_id,
        opportunity_id,
        count(*) as touches,
        count(*) filter (where is_response) as responses,
        count(distinct person_id) as people,
        min(occurred_at) as first_touch_at,
        max(occurred_at) as last_touch_at
    from touched
    where occurred_at < {{ run_value('as_of') }}
    group by campaign_id, opportunity_id
)

select
    met.*,
    open_deals.amount_converted as influenced_pipeline
from met
inner join open_deals on met.opportunity_id = open_deals.opportunity_id
