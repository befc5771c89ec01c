{#-
    What a sync tells a record of its money: as credited, or in the record's own currency where that is another one. Null,
    which leaves the field alone, where nobody knows a rate of it. The joins are `record_money_joins`.
-#}
{% macro in_record_currency(credited, column='revenue') -%}
    case
        when {{ credited }} is null or foreign_records.record_key is null then {{ credited }}
        when foreign_records.has_rate then coalesce(record_revenue.{{ column }}, 0)
    end
{%- endmacro %}

{% macro record_money_joins(record_key) -%}
left join {{ ref('int_foreign_records') }} as foreign_records on {{ record_key }} = foreign_records.record_key
left join (
    select revenues.*
    from {{ ref('int_record_revenue') }} as revenues
    inner join {{ source('rules', 'attribution_models') }} as written
        on revenues.model = written.model and written.is_written_back
) as record_revenue on {{ record_key }} = record_revenue.record_key
{%- endmacro %}
