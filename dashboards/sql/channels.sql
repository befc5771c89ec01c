with chosen as (
    select coalesce(max(model) filter (where model = 'linear'), min(model)) as model
    from marts.channel_contribution
),

by_channel as (
    select
        contribution.month,
        contribution.channel,
        sum(contribution.revenue) as revenue
    from marts.channel_contribution as contribution
    inner join chosen on contribution.model = chosen.model
    where $since is null or contribution.month >= $since
    group by contribution.month, contribution.channel
),

-- More series than there are colours tell nobody anything.
largest as (
    select channel
    from by_channel
    group by channel
    order by sum(revenue) desc, channel
    limit 7
)

select
    by_channel.month,
    coalesce(largest.channel, 'other') as channel,
    sum(by_channel.revenue) as revenue
from by_channel
left join largest on by_channel.channel = largest.channel
group by by_channel.month, coalesce(largest.channel, 'other')
order by by_channel.month, max(largest.channel) is null, max(largest.channel)
