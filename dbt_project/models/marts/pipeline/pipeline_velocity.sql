with rated as (
    select
        period,
        definition,
        segment,
        segment_value,
        opportunities,
        decided_opportunities,
        won_opportunities,
        unconverted_opportunities,
        cast(amount as decimal(18, 2)) as amount,
        cast(cycle_days / nullif(won_with_cycle, 0) as double) as cycle_days,
        cast(won_opportunities as double) / nullif(decided_opportunities, 0) as win_rate,
        cast(cast(won_amount as decimal(18, 2)) as double) / nullif(cast(decided_amount as double), 0) as win_rate_by_value,
        cast(cast(won_amount as decimal(18, 2)) / nullif(won_with_amount, 0) as decimal(18, 2)) as average_deal_size
    from {{ ref('int_velocity_counts') }}
)

-- By count: how many deals x how often one is won x what a won one is worth. By value: what all deals are worth x the
-- share of worth that is won. Both over the days that a won deal took.
select
    *,
    {{ run_value('company_currency') }} as currency,
    cast(opportunities * win_rate * average_deal_size / nullif(cycle_days, 0) as decimal(18, 2)) as velocity_per_day,
    cast(cast(amount as double) * win_rate_by_value / nullif(cycle_days, 0) as decimal(18, 2))
        as velocity_per_day_by_value
from rated
