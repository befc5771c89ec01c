{#- An average that does not depend on the order in which threads add: the values are rounded to a fixed scale. -#}
{% macro exact_average(column, condition) -%}
    cast(
        sum(cast({{ column }} as decimal(18, 6))) filter (where {{ condition }})
        / nullif(count({{ column }}) filter (where {{ condition }}), 0) as double
    )
{%- endmacro %}
