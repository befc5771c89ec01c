with credits as (
    select *
    from {{ ref('int_credit_sums') }}
    where summed_for = 'campaign' and campaign_id is not null
),

summed as (
    select
        campaigns.campaign_id,
        models.model,
        campaigns.name,
        campaigns.type,
        campaigns.cost_converted as cost,
        coalesce(touches.touches, 0) as touches,
        coalesce(touches.responses, 0) as responses,
        coalesce(touches.leads, 0) as leads,
        coalesce(touches.mqls, 0) as mqls,
        coalesce(touches.sqls, 0) as sqls,
        coalesce(credits.opportunities, 0) as opportunities,
        coalesce(credits.customers, 0) as customers,
        coalesce(credits.pipeline, 0) as pipeline,
        coalesce(credits.revenue, 0) as revenue,
        coalesce(credits.unconverted_customers, 0) as unconverted_customers,
        coalesce(credits.unconverted_opportunities, 0) as unconverted_opportunities
    from {{ ref('int_campaigns') }} as campaigns
    cross join {{ source('rules', 'attribution_models') }} as models
    left join {{ ref('int_campaign_touches') }} as touches on campaigns.campaign_id = touches.campaign_id
    left join credits on campaigns.campaign_id = credits.campaign_id and models.model = credits.model
)

select
    campaign_id,
    model,
    name,
    type,
    cost,
    {{ run_value('company_currency') }} as cost_currency,
    touches,
    responses,
    leads,
    mqls,
    sqls,
    opportunities,
    cast(customers as decimal(18, 8)) as customers,
    cast(pipeline as decimal(18, 2)) as pipeline,
    cast(revenue as decimal(18, 2)) as revenue,
    case when cost > 0 and unconverted_customers = 0 then cast((revenue - cost) / cost as double) end as roi,
    case when customers > 0 then cast(cost / cast(customers as double) as double) end as cac,
    unconverted_opportunities,
    -- Of a refund alone whose currency has no rate nothing is known, though it is no customer.
    case
        when customers > 0 then cast(greatest(1 - unconverted_customers / customers, 0) as double)
        when unconverted_customers > 0 then 0.0
    end as revenue_known
from summed
