with chosen as (
    select coalesce(max(model) filter (where model = 'linear'), min(model)) as model
    from marts.channel_contribution
)

select
    contribution.month,
    contribution.channel,
    sum(contribution.revenue) as revenue
from marts.channel_contribution as contribution
inner join chosen on contribution.model = chosen.model
where $since is null or contribution.month >= $since
group by contribution.month, contribution.channel
order by contribution.month, contribution.channel
