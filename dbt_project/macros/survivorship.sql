{#-
    Order of the records of one group for one field, best first, as config/identity.yml rules: the order of sources,
    the record that changed last, the longest value, or an order of sources of the field's own. Ties go to the order
    of sources.
-#}
{% macro survivorship_order(entity, field, column, rank, updated_at, source_name) -%}
    {%- set rule -%}
        (
            select survivorship.rule
            from {{ source('rules', 'survivorship') }} as survivorship
            where survivorship.entity = '{{ entity }}' and survivorship.field = '{{ field }}'
        )
    {%- endset -%}
    case when {{ rule }} = 'most_recent' then {{ updated_at }} end desc nulls last,
    case when {{ rule }} = 'longest' then length(cast({{ column }} as varchar)) end desc nulls last,
    list_position(
        (
            select string_split(survivorship.sources, ',')
            from {{ source('rules', 'survivorship') }} as survivorship
            where survivorship.entity = '{{ entity }}' and survivorship.field = '{{ field }}'
        ),
        {{ source_name }}
    ) asc nulls last,
    {{ rank }} asc,
    {{ updated_at }} desc nulls last
{%- endmacro %}

{#-
    The same as a number, least first, for models that look at many fields of many records: it is made of two
    places that are sorted once for all fields, `place` (the order of sources) and `recency` (the last change first),
    each unique within the group, and so is unique within the group too.
-#}
{% macro survival_place(entity, field, column, place, recency, source_name) -%}
    {%- set of_field -%}
        from {{ source('rules', 'survivorship') }} as survivorship
        where survivorship.entity = '{{ entity }}' and survivorship.field = '{{ field }}'
    {%- endset -%}
    case (select survivorship.rule {{ of_field }})
        when 'most_recent' then {{ recency }}
        when 'longest' then {{ place }} - 4294967296 * coalesce(length(cast({{ column }} as varchar)), 0)
        when 'sources' then {{ place }} + 4294967296 * coalesce(
            list_position((select string_split(survivorship.sources, ',') {{ of_field }}), {{ source_name }}), 1000
        )
        else {{ place }}
    end
{%- endmacro %}
