with touches as (
    select
        touchpoint_id,
        channel,
        cast(date_trunc('month', occurred_at at time zone {{ run_value('business_zone') }}) as date) as month,
        person_id,
        earns_credit
    from {{ ref('int_touches') }}
    -- Campaign influence credits memberships that earn nothing under any other model.
    where
        is_counted
        and occurred_at <= {{ run_value('as_of') }}
        and (
            earns_credit
            or touchpoint_id in (select credited.touchpoint_id from {{ ref('attribution_credits') }} as credited)
        )
),

touched as (
    select
        channel,
        month,
        count(*) filter (where earns_credit) as touches,
        count(distinct person_id) filter (where earns_credit) as leads
    from touches
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
)

select
    touched.channel,
    touched.month,
    models.model,
    touched.touches,
    touched.leads,
    cast(coalesce(credits.opportunities, 0) as decimal(18, 8)) as opportunities,
    cast(coalesce(credits.pipeline, 0) as decimal(18, 2)) as pipeline,
    cast(coalesce(credits.revenue, 0) as decimal(18, 2)) as revenue,
    coalesce(credits.unconverted_opportunities, 0) as unconverted_opportunities
from touched
cross join {{ source('rules', 'attribution_models') }} as models
left join credits
    on
        touched.channel = credits.channel
        and touched.month = credits.month
        and models.model = credits.model
