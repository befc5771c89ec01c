{%- set factors = {
    'team': 'team', 'product': 'product', 'industry': 'industry', 'size band': 'size_band', 'source': 'source',
    'lead source': 'lead_source',
    'people on the deal': "case when people >= 3 then '3 and more' else cast(people as varchar) end",
    'touches': "case when touches = 0 then '0' when touches < 5 then '1 to 4' when touches < 15 then '5 to 14' else '15 and more' end",
    'pushes of the close date': "case when pushes >= 3 then '3 and more' else cast(pushes as varchar) end",
    'went back a stage': "case when reversals > 0 then 'yes' else 'no' end",
    'changed its owner': "case when owner_changes > 0 then 'yes' else 'no' end",
    'days to close': "case when days is null then 'unknown' when days < 30 then 'under 30' when days < 90 then '30 to 89' else '90 and more' end"
} -%}
-- What separates deals that were won from those that were lost: Wilson's interval of 95% for each value's win rate, and
-- the difference to all other deals with its own interval (Newcombe). An interval that holds 0 separates nothing.
with factors as (
    {% for factor, expression in factors.items() %}
        select
            '{{ factor }}' as factor,
            {{ expression }} as value,
            outcome = 'won' as is_won
        from {{ ref('win_loss') }}
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}
),

counted as (
    select
        factor,
        value,
        count(*) as deals,
        count(*) filter (where is_won) as won
    from factors
    where value is not null
    group by factor, value
),

compared as (
    select
        *,
        sum(deals) over (partition by factor) - deals as other_deals,
        sum(won) over (partition by factor) - won as other_won
    from counted
),

bounded as (
    select
        *,
        cast(won as double) / deals as win_rate,
        cast(other_won as double) / nullif(other_deals, 0) as other_win_rate,
        {{ wilson('won', 'deals', '-') }} as win_rate_low,
        {{ wilson('won', 'deals', '+') }} as win_rate_high,
        {{ wilson('other_won', 'other_deals', '-') }} as other_low,
        {{ wilson('other_won', 'other_deals', '+') }} as other_high
    from compared
)

select
    factor,
    value,
    deals,
    won,
    deals - won as lost,
    win_rate,
    win_rate_low,
    win_rate_high,
    win_rate - other_win_rate as difference,
    win_rate - other_win_rate - sqrt(power(win_rate - win_rate_low, 2) + power(other_high - other_win_rate, 2))
        as difference_low,
    win_rate - other_win_rate + sqrt(power(win_rate_high - win_rate, 2) + power(other_win_rate - other_low, 2))
        as difference_high,
    coalesce(
        win_rate - other_win_rate - sqrt(power(win_rate - win_rate_low, 2) + power(other_high - other_win_rate, 2)) > 0
        or win_rate - other_win_rate + sqrt(power(win_rate_high - win_rate, 2) + power(other_win_rate - other_low, 2))
        < 0,
        false
    ) as separates
from bounded
