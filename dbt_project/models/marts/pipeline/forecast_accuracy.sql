-- How right the forecasts of quarters that have ended were, taken at the end of the quarter before and of each month.
with actuals as (
    select
        {{ quarter_of('close_date') }} as period,
        case when grouping(coalesce(owner_id, 'unowned')) = 1 then 'all' else coalesce(owner_id, 'unowned') end
            as owner_id,
        cast(coalesce(sum(amount_converted), 0) as decimal(18, 2)) as actual_amount
    from {{ ref('opportunities') }}
    where is_won and close_date is not null
    group by grouping sets (
        ({{ quarter_of('close_date') }}, coalesce(owner_id, 'unowned')), ({{ quarter_of('close_date') }})
    )
),

taken as (
    select
        forecasts.*,
        case forecasts.snapshot_date
            when cast(forecasts.period - interval 1 day as date) then 'before'
            when last_day(forecasts.period) then 'month 1'
            when last_day(cast(forecasts.period + interval 1 month as date)) then 'month 2'
        end as taken_at
    from {{ ref('forecasts') }} as forecasts
    where forecasts.period_end < {{ run_value('business_date') }}
),

-- The forecast taken before a quarter is about a later quarter than that of its day.
before as (
    select
        snapshot_date,
        period,
        owner_id,
        taken_at,
        category_forecast,
        weighted_forecast,
        is_reconstructed
    from taken
    where taken_at is not null
),

moments as (
    select distinct
        snapshot_date,
        period,
        taken_at,
        is_reconstructed
    from before
),

owners as (
    select
        period,
        owner_id
    from actuals
    union
    select
        period,
        owner_id
    from before
),

everyone as (
    select
        moments.snapshot_date,
        moments.period,
        moments.taken_at,
        moments.is_reconstructed,
        owners.owner_id
    from moments
    inner join owners on moments.period = owners.period
),

measured as (
    select
        everyone.period,
        everyone.owner_id,
        everyone.taken_at,
        everyone.snapshot_date,
        everyone.is_reconstructed,
        coalesce(before.category_forecast, 0) as category_forecast,
        coalesce(before.weighted_forecast, 0) as weighted_forecast,
        coalesce(actuals.actual_amount, 0) as actual_amount
    from everyone
    left join before
        on
            everyone.snapshot_date = before.snapshot_date
            and everyone.period = before.period
            and everyone.owner_id = before.owner_id
    left join actuals on everyone.period = actuals.period and everyone.owner_id = actuals.owner_id
)

select
    period,
    owner_id,
    taken_at,
    snapshot_date,
    cast(weighted_forecast as decimal(18, 2)) as forecast,
    cast(actual_amount as decimal(18, 2)) as actual,
    cast(1 - abs(weighted_forecast - actual_amount) / nullif(actual_amount, 0) as double) as accuracy,
    cast(category_forecast as decimal(18, 2)) as category_forecast,
    cast(weighted_forecast as decimal(18, 2)) as weighted_forecast,
    cast(actual_amount as decimal(18, 2)) as actual_amount,
    cast(category_forecast - actual_amount as decimal(18, 2)) as category_error,
    cast(weighted_forecast - actual_amount as decimal(18, 2)) as weighted_error,
    cast((category_forecast - actual_amount) / nullif(actual_amount, 0) as double) as category_bias,
    cast((weighted_forecast - actual_amount) / nullif(actual_amount, 0) as double) as weighted_bias,
    {{ run_value('company_currency') }} as currency,
    is_reconstructed
from measured
