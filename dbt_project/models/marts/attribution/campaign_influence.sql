{{ config(materialized='view') }}

-- Every campaign that met somebody of an open deal has influenced it with all of its amount, so these do not add up over
-- campaigns; what does is its credit, under the model that is written back. Publishing makes a table of it.
with met as (
    select * from {{ ref('int_campaign_influence') }}
),

credited as (
    select
        credits.opportunity_id,
        credits.campaign_id,
        sum(credits.share) as share,
        sum(credits.pipeline_converted) as pipeline
    from {{ ref('attribution_credits') }} as credits
    where
        credits.model in (
            select models.model
            from {{ source('rules', 'attribution_models') }} as models
            where models.is_written_back
        )
        and not credits.is_closed
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
    met.influenced_pipeline,
    cast(coalesce(credited.share, 0) as decimal(18, 8)) as share,
    cast(coalesce(credited.pipeline, 0) as decimal(18, 2)) as credited_pipeline
from met
left join credited on met.opportunity_id = credited.opportunity_id and met.campaign_id = credited.campaign_id
