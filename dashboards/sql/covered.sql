select
    reason,
    count(*) as deals,
    coalesce(sum(amount_converted), 0) as revenue,
    sum(amount_converted) / nullif(sum(sum(amount_converted)) over (), 0) as share
from marts.attribution_coverage
where $since is null or close_date >= $since
group by reason
order by revenue
