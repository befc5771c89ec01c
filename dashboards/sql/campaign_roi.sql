with chosen as (
    select coalesce(max(model) filter (where is_written_back), min(model)) as model
    from marts.attribution_models
),

costly as (
    select performance.*
    from marts.campaign_performance as performance
    inner join chosen on performance.model = chosen.model
    where performance.roi is not null
    order by performance.cost desc, performance.name
    limit 25
)

select
    name as campaign,
    roi,
    cost,
    revenue,
    customers,
    cac
from costly
order by roi, campaign
