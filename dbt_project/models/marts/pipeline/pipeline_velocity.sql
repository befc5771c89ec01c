with opportunities as (
    select
        opportunities.opportunity_id,
        opportunities.amount_converted,
        opportunities.is_won,
        opportunities.is_closed,
        coalesce(owners.full_name, opportunities.owner_id, 'unowned') as owner,
        cast(date_trunc('month', opportunities.created_at at time zone {{ run_value('business_zone') }}) as date)
            as created_month,
        cast(date_trunc('month', opportunities.close_date) as date) as closed_month,
        -- Salesforce knows the day of the close only, so a deal may close on its first day before it was created.
        -- One that closed on an earlier day has a wrong date, and no cycle (see data_findings).
        case
            when opportunities.closed_at >= date_trunc('day', opportunities.created_at)
                then greatest(0, {{ days_between('opportunities.created_at', 'opportunities.closed_at') }})
        end as cycle_days
    from {{ ref('int_opportunities') }} as opportunities
    left join {{ ref('int_owners') }} as owners on opportunities.owner_id = owners.owner_id
    where opportunities.created_at is not null
),

last_month as (
    select cast(date_trunc('month', {{ run_value('business_date') }}) as date) as month
),

-- An opportunity counts in the month it was created, and whether it was ever won or lost since.
created as (
    select
        created_month as period,
        'created' as definition,
        owner,
        true as is_counted,
        is_closed as is_decided,
        is_won,
        amount_converted,
        cycle_days
    from opportunities
    where created_month <= (select last_month.month from last_month)
),

-- An opportunity counts in every month that it was open in; what was won and lost is what closed in the month.
open as (
    select
        cast(months.month as date) as period,
        'open' as definition,
        opportunities.owner,
        true as is_counted,
        opportunities.is_closed and opportunities.closed_month = cast(months.month as date) as is_decided,
        opportunities.is_won and opportunities.closed_month = cast(months.month as date) as is_won,
        opportunities.amount_converted,
        opportunities.cycle_days
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
    union all
    select * from open
),

segmented as (
    select
        *,
        'all' as segment,
        'all' as segment_value
    from counted
    union all
    select
        *,
        'owner' as segment,
        owner as segment_value
    from counted
),

measured as (
    select
        period,
        definition,
        segment,
        segment_value,
        count(*) as opportunities,
        count(*) filter (where is_decided) as decided_opportunities,
        count(*) filter (where is_won) as won_opportunities,
        count(*) filter (where is_won and amount_converted is null) as unconverted_opportunities,
        cast(count(*) filter (where is_won) as double) / nullif(count(*) filter (where is_decided), 0) as win_rate,
        cast(
            sum(amount_converted) filter (where is_won)
            / nullif(count(amount_converted) filter (where is_won), 0) as decimal(18, 2)
        ) as average_deal_size,
        {{ exact_average('cycle_days', 'is_won') }} as cycle_days
    from segmented
    group by period, definition, segment, segment_value
)

select
    *,
    {{ run_value('company_currency') }} as currency,
    cast(opportunities * win_rate * average_deal_size / nullif(cycle_days, 0) as decimal(18, 2)) as velocity_per_day
from measured
