with summed as (
    select
        channel,
        model,
        sum(revenue) as revenue,
        sum(pipeline) as pipeline
    from marts.channel_contribution
    where ($since is null or month >= $since)
    group by channel, model
    having sum(revenue) > 0
),

largest as (
    select
        channel,
        max(revenue) as most
    from summed
    group by channel
    order by most desc, channel
    limit 12
)

select
    summed.channel,
    summed.model,
    summed.revenue,
    summed.pipeline
from summed inner join largest on summed.channel = largest.channel
order by largest.most, summed.channel, summed.model
