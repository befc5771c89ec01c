with credited as (
    select
        model,
        count(distinct opportunity_id) as opportunities,
        count(distinct touchpoint_id) as touches,
        sum(revenue_converted) as revenue,
        sum(pipeline_converted) as pipeline
    from {{ ref('attribution_credits') }}
    group by model
)

select
    models.model,
    models.variant,
    cast(models.position as bigint) as position,
    models.basis,
    cast(models.lookback_days as bigint) as lookback_days,
    models.half_life_days,
    cast(models.markov_order as bigint) as markov_order,
    models.is_written_back,
    coalesce(credited.opportunities, 0) as opportunities,
    coalesce(credited.touches, 0) as touches,
    cast(coalesce(credited.revenue, 0) as decimal(18, 2)) as revenue,
    cast(coalesce(credited.pipeline, 0) as decimal(18, 2)) as pipeline
from {{ source('rules', 'attribution_models') }} as models
left join credited on models.model = credited.model
