{#- A column of a raw table that not every CRM has (a custom field), or null. -#}
{% macro column_if_there(relation, column, type) -%}
    {%- set names = adapter.get_columns_in_relation(relation) | map(attribute='name') | list if execute else [] -%}
    {%- if column in names -%} "{{ column }}" {%- else -%} cast(null as {{ type }}) {%- endif -%}
{%- endmacro %}

{#- An expression, or null where the CRM has no such field: what cannot be written is not desired. -#}
{% macro if_there(relation, column, expression, type) -%}
    {%- set names = adapter.get_columns_in_relation(relation) | map(attribute='name') | map('lower') | list if execute else [] -%}
    {%- if column | lower in names -%} cast({{ expression }} as {{ type }}) {%- else -%} cast(null as {{ type }}) {%- endif -%}
{%- endmacro %}
