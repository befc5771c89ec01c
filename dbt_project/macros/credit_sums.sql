{#- What credit comes to by campaign, by channel and month, and by model: sums and counts that add up over deals. -#}
{% macro credit_sums(those, is_asked='true') -%}
{%- set sums = {
    'campaign': ['campaign_id', 'null', 'null'], 'channel': ['null', 'channel', 'month'], 'model': ['null', 'null', 'null']
} -%}
with credits as materialized (
    select
        {% for column in ['opportunity_id', 'model', 'campaign_id', 'channel', 'share', 'revenue', 'revenue_converted',
                          'pipeline_converted', 'is_won'] -%}
            credits.{{ column }},
        {% endfor -%}
        cast(date_trunc('month', credits.touched_on) as date) as month,
        {{ is_unconverted('credits') }} as is_unconverted
    from {{ those }} as credits
    where {{ is_asked }}
),

-- A refund that is a deal of its own gives money back and wins no customer.
refunds as (
    select distinct
        opportunity_id,
        model
    from credits
    where is_won and revenue < 0
),

told as (
    select
        credits.*,
        credits.is_won and refunds.model is null as is_customer
    from credits
    left join refunds on credits.opportunity_id = refunds.opportunity_id and credits.model = refunds.model
)
{% for what, by in sums.items() %}
    select
        '{{ what }}' as summed_for,
        model,
        cast({{ by[0] }} as varchar) as campaign_id,
        cast({{ by[1] }} as varchar) as channel,
        cast({{ by[2] }} as date) as month,
        count(*) as credits,
        {{ 'cast(0 as bigint)' if what == 'channel' else 'count(distinct opportunity_id)' }} as opportunities,
        sum(share) as shares,
        coalesce(sum(share) filter (where is_customer), 0) as customers,
        coalesce(sum(pipeline_converted), 0) as pipeline,
        coalesce(sum(revenue_converted), 0) as revenue,
        coalesce(sum(share) filter (where is_won and is_unconverted), 0) as unconverted_customers,
        count(distinct opportunity_id) filter (where is_unconverted) as unconverted_opportunities
    from told
    group by all
    {{ 'union all' if not loop.last }}
{% endfor %}
{%- endmacro %}
