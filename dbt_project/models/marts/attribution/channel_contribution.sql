with touches as (
    select
        touchpoint_id,
        channel,
        cast(date_trunc('month', day) as date) as month,
        person_id,
        earns_credit
    from {{ ref('int_touches') }}
    -- What earns no credit may be a membership, which campaign influence credits.
    where is_counted and occurred_at <= {{ run_value('as_of') }} and (earns_credit or is_member)
),

touched as (
    select
        channel,
        month,
        count(*) as touches,
        count(distinct person_id) as leads
    from touches
    where earns_credit
    group by channel, month
),

credits as (
    select
        touches.channel,
        touches.month,
        credits.model,
        sum(credits.share) as opportunities,
        sum(credits.pipeline_converted) as pipeline,
        sum(credits.revenue_converted) as revenue,
        count(distinct case when {{ is_unconverted('credits') }} then credits.opportunity_id end) as unconverted_opportunities
    from {{ ref('attribution_credits') }} as credits
    inner join touches on credits.touchpoint_id = touches.touchpoint_id
    group by touches.channel, touches.month, credits.model
),

months as (
    select
        channel,
        month
    from touched
    union
    select
        channel,
        month
    from credits
)

select
    months.channel,
    months.month,
    models.model,
    coalesce(touched.touches, 0) as touches,
    coalesce(touched.leads, 0) as leads,
    cast(coalesce(credits.opportunities, 0) as decimal(18, 8)) as opportunities,
    cast(coalesce(credits.pipeline, 0) as decimal(18, 2)) as pipeline,
    cast(coalesce(credits.revenue, 0) as decimal(18, 2)) as revenue,
    coalesce(credits.unconverted_opportunities, 0) as unconverted_opportunities
from months
cross join {{ source('rules', 'attribution_models') }} as models
left join touched on months.channel = touched.channel and months.month = touched.month
left join credits
    on
        months.channel = credits.channel
        and months.month = credits.month
        and models.model = credits.model
