with met as (
    select
        campaign_id,
        person_id,
        count(*) as touches,
        count(*) filter (where is_response) as responses,
        min(occurred_at) as met_at
    from {{ ref('int_touches') }}
    where is_counted and campaign_id is not null and occurred_at <= {{ run_value('as_of') }}
    group by campaign_id, person_id
),

touches as (
    select
        campaign_id,
        cast(sum(touches) as bigint) as touches,
        cast(sum(responses) as bigint) as responses
    from met
    group by campaign_id
),

-- Who became what after the campaign had met them; a stage that was reached before is none of its doing.
people as (
    select
        met.campaign_id,
        count(*) as leads,
        count(*) filter (where leads.mql_at >= met.met_at) as mqls,
        count(*) filter (where leads.sql_at >= met.met_at) as sqls
    from met
    inner join {{ ref('unified_leads') }} as leads on met.person_id = leads.person_id
    group by met.campaign_id
),

-- A refund that is a deal of its own gives money back and wins no customer.
credited as (
    select
        credits.*,
        refunds.opportunity_id is not null as is_refund,
        {{ is_unconverted('credits') }} as is_unconverted
    from {{ ref('attribution_credits') }} as credits
    left join {{ ref('int_opportunities') }} as refunds
        on credits.opportunity_id = refunds.opportunity_id and refunds.amount < 0
    where credits.campaign_id is not null
),

credits as (
    select
        campaign_id,
        model,
        count(distinct opportunity_id) as opportunities,
        sum(case when is_won and not is_refund then share else 0 end) as customers,
        sum(pipeline_converted) as pipeline,
        sum(revenue_converted) as revenue,
        sum(case when is_won and is_unconverted then share else 0 end) as unconverted_customers,
        count(distinct case when is_unconverted then opportunity_id end) as unconverted_opportunities
    from credited
    group by campaign_id, model
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
        coalesce(people.leads, 0) as leads,
        coalesce(people.mqls, 0) as mqls,
        coalesce(people.sqls, 0) as sqls,
        coalesce(credits.opportunities, 0) as opportunities,
        coalesce(credits.customers, 0) as customers,
        coalesce(credits.pipeline, 0) as pipeline,
        coalesce(credits.revenue, 0) as revenue,
        coalesce(credits.unconverted_customers, 0) as unconverted_customers,
        coalesce(credits.unconverted_opportunities, 0) as unconverted_opportunities
    from {{ ref('int_campaigns') }} as campaigns
    cross join {{ source('rules', 'attribution_models') }} as models
    left join touches on campaigns.campaign_id = touches.campaign_id
    left join people on campaigns.campaign_id = people.campaign_id
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
