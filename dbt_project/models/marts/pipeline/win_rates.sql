-- One row for each month, and one without a month for all of time; of each pipeline, and of all. Deals are counted once for
-- each segment (int_win_counts), and what is summed up of them is summed up again.
with summed as (
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
    from {{ ref('int_win_counts') }}
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
