with touches as (
    select
        campaign_id,
        count(*) as touches,
        count(*) filter (where is_response) as responses,
        count(distinct person_id) as leads
    from {{ ref('attribution_touchpoints') }}
    where campaign_id is not null
    group by campaign_id
),

credits as (
    select
        campaign_id,
        model,
        count(distinct opportunity_id) as opportunities,
        sum(pipeline_converted) as pipeline,
        sum(revenue_converted) as revenue,
        count(distinct case when revenue_converted is null then opportunity_id end) as unconverted_opportunities
    from {{ ref('attribution_credits') }}
    where campaign_id is not null
    group by campaign_id, model
)

select
    campaigns.campaign_id,
    models.model,
    campaigns.name,
    campaigns.type,
    cast(campaigns.cost as decimal(18, 2)) as cost,
    campaigns.currency as cost_currency,
    coalesce(touches.touches, 0) as touches,
    coalesce(touches.responses, 0) as responses,
    coalesce(touches.leads, 0) as leads,
    coalesce(credits.opportunities, 0) as opportunities,
    cast(coalesce(credits.pipeline, 0) as decimal(18, 2)) as pipeline,
    cast(coalesce(credits.revenue, 0) as decimal(18, 2)) as revenue,
    case
        when campaigns.cost > 0 and campaigns.currency = {{ run_value('company_currency') }}
            then cast((coalesce(credits.revenue, 0) - campaigns.cost) / campaigns.cost as double)
    end as roi,
    coalesce(credits.unconverted_opportunities, 0) as unconverted_opportunities
from {{ ref('int_campaigns') }} as campaigns
cross join {{ source('rules', 'attribution_models') }} as models
left join touches on campaigns.campaign_id = touches.campaign_id
left join credits on campaigns.campaign_id = credits.campaign_id and models.model = credits.model
