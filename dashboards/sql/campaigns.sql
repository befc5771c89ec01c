select
    name,
    replace(model, '_', ' ') as model,
    touches,
    leads,
    cost,
    pipeline,
    revenue,
    round(roi, 2) as roi
from marts.campaign_performance
where revenue > 0 or cost > 0
order by revenue desc nulls last, name, model
