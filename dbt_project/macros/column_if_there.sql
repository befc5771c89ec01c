{#- A column of a raw table that not every CRM has (a custom field), or null. -#}
{% macro column_if_there(relation, column, type) -%}
    {%- set names = adapter.get_columns_in_relation(relation) | map(attribute='name') | list if execute else [] -%}
    {%- if column in names -%} "{{ column }}" {%- else -%} cast(null as {{ type }}) {%- endif -%}
{%- endmacro %}
