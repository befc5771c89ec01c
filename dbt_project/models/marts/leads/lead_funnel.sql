{%- set cuts = ['owner', 'team', 'channel', 'country', 'industry'] -%}
{%- set stages = ['mql', 'sql', 'opportunity', 'customer'] -%}
-- Whoever has come to a later stage has come past this one, also where no CRM has a date of it.
with people as (
    select
        {{ business_month('created_at') }} as period,
        coalesce(owner_id, 'unowned') as owner,
        coalesce(owner_team, 'none') as team,
        coalesce(first_touch_channel, 'none') as channel,
        coalesce(country, 'unknown') as country,
        coalesce(industry, 'unknown') as industry,
        {% for stage in stages %}
            ({{ stages[loop.index0:] | join('_at is not null or ') }}_at is not null) as is_{{ stage }},
            case when {{ stage }}_at >= created_at then {{ days_between('created_at', stage ~ '_at') }} end
                as days_to_{{ stage }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from {{ ref('unified_leads') }}
    where created_at is not null
),

counted as (
    select
        period,
        {{ segment_columns(cuts) }},
        count(*) as people,
        {% for stage in stages %}
            count(*) filter (where is_{{ stage }}) as {{ stage }},
            median(days_to_{{ stage }}) as days_to_{{ stage }}{% if not loop.last %},{% endif %}
        {% endfor %}
    from people
    group by {{ segment_sets(cuts, [['period']]) }}
)

select
    *,
    cast(mql as double) / people as mql_rate,
    cast(sql as double) / nullif(mql, 0) as sql_rate,
    cast(opportunity as double) / nullif(sql, 0) as opportunity_rate,
    cast(customer as double) / nullif(opportunity, 0) as customer_rate,
    cast(customer as double) / people as conversion_rate
from counted
