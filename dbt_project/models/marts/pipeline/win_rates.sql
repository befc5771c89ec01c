{%- set cuts = [
    'owner', 'manager', 'team', 'territory', 'product', 'industry', 'company_size', 'size_band', 'source', 'channel',
    'campaign', 'lead_source'
] -%}
with deals as (
    select
        deals.amount_converted,
        deals.is_closed,
        deals.is_won,
        cast(date_trunc('month', deals.close_date) as date) as closed_month,
        {{ business_month('deals.created_at') }} as created_month,
        segments.*
    from {{ ref('opportunities') }} as deals
    inner join {{ ref('int_deal_segments') }} as segments on deals.opportunity_id = segments.opportunity_id
    where {{ is_sale('deals.amount') }}
),

-- closed: deals that closed in the period, won / (won + lost); created: deals created in it, won since / created.
counted as (
    select
        *,
        'closed' as definition,
        closed_month as month
    from deals
    where is_closed
    union all
    select
        *,
        'created' as definition,
        created_month as month
    from deals
),

by_segment as (
    select
        month,
        definition,
        pipeline,
        {{ segment_columns(cuts) }},
        count(*) as opportunities,
        count(*) filter (where is_won) as won,
        count(*) filter (where is_closed and not is_won) as lost,
        sum(amount_converted) as amount,
        sum(amount_converted) filter (where is_won) as won_amount,
        sum(amount_converted) filter (where is_closed and not is_won) as lost_amount,
        count(*) filter (where amount_converted is null) as unconverted_opportunities
    from counted
    group by {{ segment_sets(cuts, [['definition', 'month', 'pipeline']]) }}
),

-- One row for each month, and one without a month for all of time; of each pipeline, and of all. Deals are read once for
-- each segment, and what is summed up of them is summed up again.
summed as (
    select
        month as period,
        definition,
        case when grouping(pipeline) = 0 then pipeline else 'all' end as pipeline,
        segment,
        segment_value,
        cast(sum(opportunities) as bigint) as opportunities,
        cast(sum(won) as bigint) as won,
        cast(sum(lost) as bigint) as lost,
        cast(coalesce(sum(amount), 0) as decimal(18, 2)) as amount,
        cast(coalesce(sum(won_amount), 0) as decimal(18, 2)) as won_amount,
        cast(coalesce(sum(lost_amount), 0) as decimal(18, 2)) as lost_amount,
        cast(sum(unconverted_opportunities) as bigint) as unconverted_opportunities
    from by_segment
    group by
        grouping sets (
            (definition, segment, segment_value), (definition, segment, segment_value, pipeline),
            (definition, segment, segment_value, month), (definition, segment, segment_value, month, pipeline)
        )
    -- A deal without the date counts in all of time, and in no month.
    having grouping(month) = 1 or month is not null
)

select
    *,
    case
        when definition = 'closed' then cast(won as double) / nullif(won + lost, 0)
        else cast(won as double) / opportunities
    end as win_rate,
    case
        when definition = 'closed' then cast(won_amount as double) / nullif(cast(won_amount + lost_amount as double), 0)
        else cast(won_amount as double) / nullif(cast(amount as double), 0)
    end as win_rate_by_value,
    {{ run_value('company_currency') }} as currency
from summed
