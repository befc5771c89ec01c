with said as (
    select max(snapshot_date) as day
    from marts.forecasts
    where snapshot_date <= $day
)

select
    strftime(forecasts.period, '%Y') || ' Q' || quarter(forecasts.period) as quarter,
    forecasts.closed_amount as closed,
    forecasts.commit_amount as commit,
    forecasts.best_case_amount as best_case,
    forecasts.pipeline_amount as pipeline,
    forecasts.weighted_forecast as weighted,
    forecasts.snapshot_date as said_on
from marts.forecasts
inner join said on forecasts.snapshot_date = said.day
where forecasts.owner_id = coalesce($owner, 'all')
order by forecasts.period
