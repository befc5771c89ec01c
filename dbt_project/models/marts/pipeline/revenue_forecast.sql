-- The quarters that are open, by today's picture; and how well the same method did on the quarters that have ended.
with today as (
    select
        forecasts.period,
        least(3, greatest(-3, datediff('month', forecasts.period, cast(forecasts.snapshot_date + 1 as date))))
            as months_in,
        forecasts.snapshot_date,
        cast(forecasts.closed_amount as double) as closed_amount,
        cast(forecasts.weighted_amount as double) as weighted_amount
    from {{ ref('forecasts') }} as forecasts
    where
        forecasts.owner_id = 'all'
        and forecasts.snapshot_date = {{ run_value('business_date') }}
        and forecasts.period <= {{ quarter_of(run_value('business_date')) }} + interval 3 month
),

ours as ({{ revenue_forecasts('today') }}
),

naive as ({{ naive_forecasts('today') }}
),

errors as (
    select
        months_in,
        method,
        sum(abs(error)) / nullif(sum(actual), 0) as wape,
        count(*) as quarters,
        avg(cast(is_inside as integer)) as inside
    from {{ ref('revenue_backtest') }}
    group by months_in, method
    -- A method that could not speak of all of the quarters is not compared on the few it could.
    qualify count(*) = max(count(*)) over (partition by months_in)
),

scores as (
    select
        months_in,
        any_value(wape) filter (where method = 'pipeline') as our_wape,
        min(wape) filter (where method != 'pipeline') as naive_wape,
        arg_min(method, wape) filter (where method != 'pipeline') as best_naive,
        any_value(quarters) filter (where method = 'pipeline') as tested_quarters,
        any_value(inside) filter (where method = 'pipeline') as inside
    from errors
    group by months_in
)

select
    today.period,
    cast(today.period + interval 3 month - interval 1 day as date) as period_end,
    today.snapshot_date,
    today.months_in,
    cast(today.closed_amount as decimal(18, 2)) as closed_amount,
    cast(today.weighted_amount as decimal(18, 2)) as weighted_amount,
    cast(ours.forecast as decimal(18, 2)) as forecast,
    cast(ours.low as decimal(18, 2)) as low,
    cast(ours.high as decimal(18, 2)) as high,
    ours.confidence,
    coalesce(ours.quarters_learnt_from, 0) as quarters_learnt_from,
    cast(
        case scores.best_naive
            when 'last_quarter' then naive.last_quarter
            when 'mean_of_four' then naive.mean_of_four
            when 'year_ago' then naive.year_ago
            else naive.mean_of_four
        end as decimal(18, 2)
    ) as naive_forecast,
    scores.best_naive as naive_method,
    coalesce(scores.tested_quarters, 0) as tested_quarters,
    scores.our_wape,
    scores.naive_wape,
    scores.inside,
    scores.our_wape < scores.naive_wape as is_better_than_naive,
    {{ run_value('company_currency') }} as currency
from today
left join ours on today.period = ours.period
left join naive on today.period = naive.period
left join scores on today.months_in = scores.months_in
