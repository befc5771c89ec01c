select
    strftime(period, '%Y') || ' Q' || quarter(period) as quarter,
    created_amount as created,
    slipped_amount as slipped,
    created_opportunities,
    slipped_opportunities,
    pushes
from marts.pipeline_coverage
where
    owner_id = coalesce($owner, 'all')
    and period >= coalesce($since, cast($day as date) - interval 2 year)
    and (created_opportunities > 0 or pushes > 0)
order by period
