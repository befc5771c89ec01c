{#-
    The value that survives among the records of one person, company or deal: the first by `place` that has one, for
    `arg_min` passes over nulls.
    `place` is unique within the group, so the answer never depends on the order of rows.
-#}
{% macro pick(column, place) -%}
    {{ adapter.dispatch('pick')(column, place) }}
{%- endmacro %}

{% macro default__pick(column, place) -%}
    arg_min({{ column }}, {{ place }})
{%- endmacro %}
