select
    replace(reason, '_', ' ') as reason,
    count(*) as deals,
    coalesce(sum(amount_converted), 0) as revenue,
    sum(amount_converted) / nullif(sum(sum(amount_converted)) over (), 0) as share
from marts.attribution_coverage
where ($since is null or close_date >= $since) and coalesce(amount_converted >= 0, true)
group by reason
order by revenue, reason
