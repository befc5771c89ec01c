{#-
    What could be said of `asked` (period, months_in, snapshot_date, closed_amount, weighted_amount) by then. Only
    quarters that had ended on that day teach anything: by which factor the open deals' weighted amount became revenue
    between this many months in and the end. The forecast is the median of the factors; the lowest and the highest
    factor of n quarters hold the next one in (n - 1) of (n + 1) cases, whatever they are distributed like.
-#}
{% macro revenue_forecasts(asked) -%}
    select
        asked.period,
        asked.months_in,
        asked.snapshot_date,
        any_value(asked.closed_amount) as closed_amount,
        any_value(asked.weighted_amount) as weighted_amount,
        count(known.period) as quarters_learnt_from,
        any_value(asked.closed_amount) + median(known.factor) * any_value(asked.weighted_amount) as forecast,
        any_value(asked.closed_amount) + min(known.factor) * any_value(asked.weighted_amount) as low,
        any_value(asked.closed_amount) + max(known.factor) * any_value(asked.weighted_amount) as high,
        (count(known.period) - 1.0) / (count(known.period) + 1.0) as confidence
    from {{ asked }} as asked
    inner join (
        select
            period,
            months_in,
            period_end,
            (actual_amount - closed_amount) / weighted_amount as factor
        from {{ ref('int_quarter_moments') }}
        where weighted_amount > 0
    ) as known
        on
            asked.months_in = known.months_in
            and known.period < asked.period
            and known.period_end <= asked.snapshot_date
    group by asked.period, asked.months_in, asked.snapshot_date
    having count(known.period) >= 3
{%- endmacro %}

{#- What somebody without a pipeline would say on that day: the last quarter, the mean of four, a year ago. -#}
{% macro naive_forecasts(asked) -%}
    select
        asked.period,
        asked.months_in,
        asked.snapshot_date,
        arg_max(ended.actual_amount, ended.period) as last_quarter,
        list_avg(list_slice(list(ended.actual_amount order by ended.period desc), 1, 4)) as mean_of_four,
        any_value(ended.actual_amount) filter (where ended.period = asked.period - interval 1 year) as year_ago
    from {{ asked }} as asked
    inner join (
        select
            period,
            period_end,
            any_value(actual_amount) as actual_amount
        from {{ ref('int_quarter_moments') }}
        group by period, period_end
    ) as ended
        on ended.period < asked.period and ended.period_end <= asked.snapshot_date
    group by asked.period, asked.months_in, asked.snapshot_date
{%- endmacro %}
