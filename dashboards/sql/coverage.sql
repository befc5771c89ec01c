select
    strftime(period, '%Y') || ' Q' || quarter(period) as quarter,
    quota,
    won_amount as won,
    open_amount as open,
    coverage,
    attainment
from marts.pipeline_coverage
where
    owner_id = coalesce($owner, 'all')
    and period >= coalesce($since, cast($day as date) - interval 2 year)
order by period
