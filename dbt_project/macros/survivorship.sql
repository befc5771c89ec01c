{#-
    Order of the records of one group for one field, best first, as config/identity.yml rules: the order of sources,
    the record that changed last, or the longest value. Ties go to the order of sources.
-#}
{% macro survivorship_order(entity, field, column, rank, updated_at) -%}
    {%- set rule -%}
        (
            select survivorship.rule
            from {{ source('rules', 'survivorship') }} as survivorship
            where survivorship.entity = '{{ entity }}' and survivorship.field = '{{ field }}'
        )
    {%- endset -%}
    case when {{ rule }} = 'most_recent' then {{ updated_at }} end desc nulls last,
    case when {{ rule }} = 'longest' then length(cast({{ column }} as varchar)) end desc nulls last,
    {{ rank }} asc,
    {{ updated_at }} desc nulls last
{%- endmacro %}
