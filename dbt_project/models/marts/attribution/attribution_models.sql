with credited as (
    select * from {{ ref('int_credit_sums') }}
    where summed_for = 'model'
),

-- One touch may have credit of several deals, so they are not added up over these. Each is looked at once for 60 models, and
-- few sets of models are all that there are.
models_of as (
    select
        credits.touchpoint_id,
        models.position // 60 as sixty,
        bit_or(cast(1 as bigint) << cast(models.position % 60 as bigint)) as those
    from {{ ref('attribution_credits') }} as credits
    inner join {{ source('rules', 'attribution_models') }} as models on credits.model = models.model
    group by credits.touchpoint_id, sixty
),

sets as (
    select
        sixty,
        those,
        count(*) as touches
    from models_of
    group by sixty, those
),

touched as (
    select
        models.model,
        cast(sum(sets.touches) as bigint) as touches
    from sets
    inner join {{ source('rules', 'attribution_models') }} as models
        on
            sets.sixty = models.position // 60
            and sets.those & (cast(1 as bigint) << cast(models.position % 60 as bigint)) > 0
    group by models.model
),

-- What is known of cost is put against what these campaigns earned, and how much that is of all is said beside it. What is
-- added is rounded before, so that a sum does not depend on the order of rows.
earned as (
    select
        model,
        count(*) as campaigns,
        count(*) filter (where cost is not null) as campaigns_with_cost,
        sum(cast(cost as decimal(18, 6))) as cost,
        sum(revenue) filter (where cost is not null) as revenue_with_cost,
        sum(customers) filter (where cost is not null) as customers_with_cost,
        sum(cast(customers * revenue_known as decimal(18, 8))) filter (where cost is not null) as customers_with_revenue,
        bool_and(coalesce(revenue_known, 1) = 1) filter (where cost is not null) as is_revenue_known
    from {{ ref('campaign_performance') }}
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
    coalesce(touched.touches, 0) as touches,
    cast(coalesce(credited.revenue, 0) as decimal(18, 2)) as revenue,
    cast(coalesce(credited.pipeline, 0) as decimal(18, 2)) as pipeline,
    cast(earned.cost as decimal(18, 2)) as cost,
    cast(earned.campaigns_with_cost / nullif(earned.campaigns, 0) as double) as cost_known,
    case
        when earned.cost > 0 and earned.is_revenue_known then cast((earned.revenue_with_cost - earned.cost) / earned.cost as double)
    end as roi,
    case
        when earned.customers_with_cost > 0 then cast(earned.cost / cast(earned.customers_with_cost as double) as double)
    end as cac,
    coalesce(credited.unconverted_opportunities, 0) as unconverted_opportunities,
    -- least() passes over a null, and would call all known where there are no customers.
    case
        when earned.customers_with_cost > 0
            then cast(least(earned.customers_with_revenue / earned.customers_with_cost, 1) as double)
    end as revenue_known
from {{ source('rules', 'attribution_models') }} as models
left join credited on models.model = credited.model
left join touched on models.model = touched.model
left join earned on models.model = earned.model
