-- Each ended quarter forecast again at each month's end around it, from what was known on that day alone.
with moments as (
    select * from {{ ref('int_quarter_moments') }}
),

ours as ({{ revenue_forecasts('moments') }}
),

naive as ({{ naive_forecasts('moments') }}
),

told as (
    select
        period,
        months_in,
        snapshot_date,
        'pipeline' as method,
        forecast,
        low,
        high
    from ours
    {% for method in ['last_quarter', 'mean_of_four', 'year_ago'] %}
        union all
        select
            naive.period,
            naive.months_in,
            naive.snapshot_date,
            '{{ method }}' as method,
            naive.{{ method }} as forecast,
            cast(null as double) as low,
            cast(null as double) as high
        from naive
        inner join ours on naive.period = ours.period and naive.months_in = ours.months_in
        where naive.{{ method }} is not null
    {% endfor %}
)

select
    told.period,
    told.months_in,
    told.method,
    told.snapshot_date,
    cast(told.forecast as decimal(18, 2)) as forecast,
    cast(told.low as decimal(18, 2)) as low,
    cast(told.high as decimal(18, 2)) as high,
    cast(moments.actual_amount as decimal(18, 2)) as actual,
    cast(told.forecast - moments.actual_amount as decimal(18, 2)) as error,
    case when told.low is not null then moments.actual_amount between told.low and told.high end as is_inside,
    {{ run_value('company_currency') }} as currency
from told
inner join moments on told.period = moments.period and told.months_in = moments.months_in
