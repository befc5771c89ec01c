{%- set cuts = ['owner', 'team', 'product', 'source', 'pipeline'] -%}
with opportunities as (
    select
        opportunities.amount_converted,
        opportunities.is_won,
        opportunities.is_closed,
        {% for cut in cuts %}
            segments.{{ cut }},
        {% endfor %}
        {{ business_month('opportunities.created_at') }} as created_month,
        cast(date_trunc('month', opportunities.close_date) as date) as closed_month,
        {{ cycle_days('opportunities.created_at', 'opportunities.closed_at', 'opportunities.close_date') }} as cycle_days
    from {{ ref('int_opportunities') }} as opportunities
    inner join {{ ref('int_deal_segments') }} as segments
        on opportunities.opportunity_id = segments.opportunity_id
    where opportunities.created_at is not null and {{ is_sale('opportunities.amount') }}
),

last_month as (
    select cast(date_trunc('month', {{ run_value('business_date') }}) as date) as month
),

-- An opportunity counts in the month it was created, and whether it was ever won or lost since.
created as (
    select
        * exclude (created_month, closed_month, is_closed),
        created_month as period,
        'created' as definition,
        is_closed as is_decided
    from opportunities
    where created_month <= (select last_month.month from last_month)
),

-- An opportunity counts in every month that it was open in; what was won and lost is what closed in the month.
open as (
    select
        opportunities.* exclude (created_month, closed_month, is_closed)
        replace (is_won and closed_month = cast(months.month as date) as is_won),
        cast(months.month as date) as period,
        'open' as definition,
        opportunities.is_closed and opportunities.closed_month = cast(months.month as date) as is_decided
    from opportunities
    cross join last_month
    cross join
        unnest(generate_series(
            cast(opportunities.created_month as timestamp),
            cast(
                case
                    when opportunities.is_closed then least(opportunities.closed_month, last_month.month)
                    else last_month.month
                end as timestamp
            ),
            interval 1 month
        )) as months (month)
),

counted as (
    select * from created
    union all by name
    select * from open
),

measured as (
    select
        period,
        definition,
        {{ segment_columns(cuts) }},
        count(*) as opportunities,
        count(*) filter (where is_decided) as decided_opportunities,
        count(*) filter (where is_won) as won_opportunities,
        count(*) filter (where is_won and amount_converted is null) as unconverted_opportunities,
        cast(coalesce(sum(amount_converted), 0) as decimal(18, 2)) as amount,
        cast(sum(amount_converted) filter (where is_decided) as double) as decided_amount,
        cast(sum(amount_converted) filter (where is_won) as decimal(18, 2)) as won_amount,
        count(amount_converted) filter (where is_won) as won_with_amount,
        {{ exact_average('cycle_days', 'is_won') }} as cycle_days
    from counted
    group by {{ segment_sets(cuts, [['period', 'definition']]) }}
),

rated as (
    select
        * exclude (decided_amount, won_amount, won_with_amount),
        cast(won_opportunities as double) / nullif(decided_opportunities, 0) as win_rate,
        cast(coalesce(won_amount, 0) as double) / nullif(decided_amount, 0) as win_rate_by_value,
        cast(won_amount / nullif(won_with_amount, 0) as decimal(18, 2)) as average_deal_size
    from measured
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
