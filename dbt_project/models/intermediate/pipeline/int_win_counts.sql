{%- set cuts = [
    'owner', 'manager', 'team', 'territory', 'product', 'industry', 'company_size', 'size_band', 'source', 'channel',
    'campaign', 'lead_source'
] -%}
{{ config(
    materialized='incremental', unique_key='opportunity_id', follows=['int_opportunities', 'int_deal_segments'],
    summed_by=['definition', 'month', 'pipeline', 'segment', 'segment_value']
) }}
with segments as (
    select * from {{ ref('int_deal_segments') }}
    where {{ is_row_due(ref('int_deal_segments'), 'opportunity_id') }}
),

deals as (
    select
        deals.amount_converted,
        deals.is_closed,
        deals.is_won,
        cast(date_trunc('month', deals.close_date) as date) as closed_month,
        {{ business_month('deals.created_at') }} as created_month,
        segments.*
    from {{ ref('int_opportunities') }} as deals
    inner join segments on deals.opportunity_id = segments.opportunity_id
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
)

select
    definition,
    month,
    pipeline,
    {{ segment_columns(cuts) }},
    count(*) as opportunities,
    count(*) filter (where is_won) as won,
    count(*) filter (where is_closed and not is_won) as lost,
    coalesce(sum(amount_converted), 0) as amount,
    coalesce(sum(amount_converted) filter (where is_won), 0) as won_amount,
    coalesce(sum(amount_converted) filter (where is_closed and not is_won), 0) as lost_amount,
    count(*) filter (where amount_converted is null) as unconverted_opportunities
from counted
group by {{ segment_sets(cuts, [['definition', 'month', 'pipeline']]) }}
