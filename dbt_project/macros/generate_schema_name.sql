{#- Schemas have the exact names that people's SQL depends on; dbt would put the target's schema before them. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
