{%- set cuts = ['owner', 'team', 'product', 'source', 'pipeline'] -%}
{{ config(
    materialized='incremental', unique_key='opportunity_id', follows=['int_opportunities', 'int_deal_segments'],
    shared_columns={'run': "date_trunc('month', business_date)"},
    summed_by=['period', 'definition', 'segment', 'segment_value']
) }}
with segments as (
    select * from {{ ref('int_deal_segments') }}
    where {{ is_row_due(ref('int_deal_segments'), 'opportunity_id') }}
),

opportunities as (
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
    inner join segments on opportunities.opportunity_id = segments.opportunity_id
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
)

select
    period,
    definition,
    {{ segment_columns(cuts) }},
    count(*) as opportunities,
    count(*) filter (where is_decided) as decided_opportunities,
    count(*) filter (where is_won) as won_opportunities,
    count(*) filter (where is_won and amount_converted is null) as unconverted_opportunities,
    coalesce(sum(amount_converted), 0) as amount,
    coalesce(sum(amount_converted) filter (where is_decided), 0) as decided_amount,
    coalesce(sum(amount_converted) filter (where is_won), 0) as won_amount,
    count(amount_converted) filter (where is_won) as won_with_amount,
    coalesce(sum(cast(cycle_days as decimal(18, 6))) filter (where is_won), 0) as cycle_days,
    count(cycle_days) filter (where is_won) as won_with_cycle
from counted
group by {{ segment_sets(cuts, [['period', 'definition']]) }}
