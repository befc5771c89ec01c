{{ config(
    materialized='incremental', unique_key='opportunity_id', on_schema_change='fail',
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
            where people.person_id in {due}',
        'attribution_credits': "
            select deals.opportunity_id as owner
            from {int_opportunities} as deals
            inner join {attribution_models} as models on models.is_written_back
            where deals.opportunity_id || ':' || models.model in {due}"
    },
    shared_columns={'attribution_models': 'model, is_written_back'}
) }}
-- Every campaign that met somebody of an open deal has influenced it with all of its amount, so these do not add up over
-- campaigns; what does is its credit, under the model that is written back.
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

met as (
    select
        people.opportunity_id,
        touches.campaign_id,
        count(*) as touches,
        count(*) filter (where touches.is_response) as responses,
        count(distinct touches.person_id) as people,
        min(touches.occurred_at) as first_touch_at,
        max(touches.occurred_at) as last_touch_at
    from taking_part as people
    inner join {{ ref('int_touches') }} as touches on people.person_id = touches.person_id
    where
        touches.is_counted
        and touches.campaign_id is not null
        and touches.occurred_at < {{ run_value('as_of') }}
    group by people.opportunity_id, touches.campaign_id
),

credited as (
    select
        credits.opportunity_id,
        credits.campaign_id,
        sum(credits.share) as share,
        sum(credits.pipeline_converted) as pipeline
    from {{ ref('attribution_credits') }} as credits
    inner join {{ source('rules', 'attribution_models') }} as models
        on credits.model = models.model and models.is_written_back
    where
        {{ is_due('credits.opportunity_id') }}
        and credits.opportunity_id in (select open_deals.opportunity_id from open_deals)
    group by credits.opportunity_id, credits.campaign_id
)

select
    met.campaign_id,
    met.opportunity_id,
    met.touches,
    met.responses,
    met.people,
    met.first_touch_at,
    met.last_touch_at,
    open_deals.amount_converted as influenced_pipeline,
    cast(coalesce(credited.share, 0) as decimal(18, 8)) as share,
    cast(coalesce(credited.pipeline, 0) as decimal(18, 2)) as credited_pipeline
from met
inner join open_deals on met.opportunity_id = open_deals.opportunity_id
left join credited on met.opportunity_id = credited.opportunity_id and met.campaign_id = credited.campaign_id
