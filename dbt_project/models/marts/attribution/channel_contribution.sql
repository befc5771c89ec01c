with touched as (
    select * from {{ ref('int_channel_touches') }}
),

credits as (
    select * from {{ ref('int_credit_sums') }}
    where summed_for = 'channel'
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
    cast(coalesce(credits.shares, 0) as decimal(18, 8)) as opportunities,
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
