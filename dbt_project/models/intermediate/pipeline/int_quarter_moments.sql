-- What was known of a quarter's revenue at the ends of the months around it, and what it came to. Quarters that began
-- before the first deal are left out: nobody could have won in all of them.
with first_deal as (
    select {{ quarter_of('cast(min(created_at) as date)') }} + interval 3 month as period
    from {{ ref('opportunities') }}
),

quarters as (
    select cast(series.period as date) as period
    from first_deal
    cross join
        unnest(generate_series(
            cast(first_deal.period as timestamp),
            cast({{ quarter_of(run_value('business_date')) }} as timestamp),
            interval 3 month
        )) as series (period)
),

won as (
    select
        {{ quarter_of('close_date') }} as period,
        sum(amount_converted) as amount
    from {{ ref('opportunities') }}
    where is_won and close_date is not null
    group by {{ quarter_of('close_date') }}
),

moments as (
    select
        forecasts.period,
        datediff('month', forecasts.period, cast(forecasts.snapshot_date + 1 as date)) as months_in,
        forecasts.snapshot_date,
        forecasts.closed_amount,
        forecasts.weighted_amount
    from {{ ref('forecasts') }} as forecasts
    where forecasts.owner_id = 'all' and forecasts.snapshot_date = last_day(forecasts.snapshot_date)
)

select
    moments.period,
    cast(moments.period + interval 3 month - interval 1 day as date) as period_end,
    moments.months_in,
    moments.snapshot_date,
    cast(moments.closed_amount as double) as closed_amount,
    cast(moments.weighted_amount as double) as weighted_amount,
    cast(coalesce(won.amount, 0) as double) as actual_amount
from moments
inner join quarters on moments.period = quarters.period
left join won on moments.period = won.period
where
    moments.months_in between -3 and 3
    and moments.period + interval 3 month <= {{ run_value('business_date') }}
