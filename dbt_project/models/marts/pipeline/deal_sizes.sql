{%- set cuts = ['owner', 'team', 'product', 'source', 'industry'] -%}
{%- set quantiles = {'p25': 0.25, 'median': 0.5, 'p75': 0.75, 'p90': 0.9} -%}
with deals as (
    select
        deals.amount_converted,
        case when deals.is_won then 'won' when deals.is_closed then 'lost' else 'open' end as outcome,
        {{ quarter_of(
            'coalesce(deals.close_date, cast(deals.created_at at time zone ' ~ run_value('business_zone') ~ ' as date))'
        ) }} as period,
        segments.pipeline,
        {% for cut in cuts %}
            segments.{{ cut }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from {{ ref('opportunities') }} as deals
    inner join {{ ref('int_deal_segments') }} as segments on deals.opportunity_id = segments.opportunity_id
    where deals.amount_converted is not null and {{ is_sale('deals.amount') }}
),

-- The quantiles of a group are asked together: its amounts are kept and put in order once.
sized as (
    select
        period,
        outcome,
        case when grouping(pipeline) = 0 then pipeline else 'all' end as pipeline,
        {{ segment_columns(cuts) }},
        count(*) as opportunities,
        cast(sum(amount_converted) as decimal(18, 2)) as amount,
        cast(sum(amount_converted) / count(*) as decimal(18, 2)) as average_size,
        quantile_cont(amount_converted, [{{ quantiles.values() | join(', ') }}]) as sizes
    from deals
    where period is not null
    group by {{ segment_sets(cuts, [['period', 'outcome'], ['period', 'outcome', 'pipeline']]) }}
)

select
    * exclude (sizes),
    {% for name in quantiles -%}
        cast(sizes[{{ loop.index }}] as decimal(18, 2)) as {{ name }}_size,
    {% endfor -%}
    {{ run_value('company_currency') }} as currency
from sized
