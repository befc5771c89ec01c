{{ config(
    materialized='incremental', unique_key='opportunity_id', on_schema_change='fail', follows=['deal_states']
) }}
{%- set fields = {
    'stage': 'stage', 'pipeline': 'pipeline', 'amount': 'amount', 'close_date': 'close_date', 'owner': 'owner_id',
    'forecast_category': 'forecast_category'
} -%}
with states as (
    select
        *,
        {% for column in ['stage', 'canonical_stage', 'position', 'is_closed', 'is_won', 'pipeline', 'amount',
                          'amount_converted', 'close_date', 'owner_id', 'forecast_category'] %}
            lag({{ column }}) over history as old_{{ column }}{% if not loop.last %},{% endif %}
        {% endfor %},
        row_number() over history as place
    from {{ ref('deal_states') }}
    where {{ is_due('opportunity_id') }}
    window history as (partition by opportunity_id order by state)
),

changes as (
    {% for field, column in fields.items() %}
        select
            opportunity_id,
            valid_from as changed_at,
            '{{ field }}' as field,
            cast(old_{{ column }} as varchar) as old_value,
            cast({{ column }} as varchar) as new_value,
            {% if field == 'amount' %}
                coalesce(amount, 0) - coalesce(old_amount, 0)
            {% else %}
                cast(null as decimal(18, 2))
            {% endif %} as amount_change,
            {% if field == 'close_date' %}
                datediff('day', old_close_date, close_date)
            {% else %}
                cast(null as bigint)
            {% endif %} as days_moved,
            {% if field in ('pipeline', 'forecast_category') %}
                'changed'
            {% else %}
                case
                    {% if field == 'stage' %}
                        when is_closed and (is_closed, is_won) = (old_is_closed, old_is_won) then 'changed'
                        when is_closed and is_won then 'won'
                        when is_closed then 'lost'
                        when old_is_closed then 'reopened'
                        when position < old_position then 'reversal'
                        when position > old_position + 1 then 'skip'
                        when position >= old_position then 'advance'
                        else 'unmapped'
                    {% elif field == 'amount' %}
                        when old_amount is null then 'set'
                        when amount is null then 'cleared'
                        when amount > old_amount then 'increase'
                        else 'decrease'
                    {% elif field == 'close_date' %}
                        when old_close_date is null then 'set'
                        when close_date is null then 'cleared'
                        when is_closed then 'closing'
                        when close_date > old_close_date then 'push'
                        else 'pull'
                    {% elif field == 'owner' %}
                        when old_owner_id is null then 'set'
                        when owner_id is null then 'cleared'
                        else 'reassigned'
                    {% endif %}
                end
            {% endif %} as kind,
            {% if field == 'close_date' %}
                -- A push is a slip when it moves the deal out of the quarter it was forecast for.
                coalesce(
                    not is_closed and {{ quarter_of('close_date') }} > {{ quarter_of('old_close_date') }}, false
                )
            {% else %}
                false
            {% endif %} as is_slip,
            amount_converted as amount_converted_then,
            close_date as close_date_then,
            canonical_stage as canonical_stage_then,
            owner_id as owner_id_then
        from states
        where place > 1 and {{ column }} is distinct from old_{{ column }}
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}
)

select * from changes
