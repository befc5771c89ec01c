{#- When somebody else than this project last changed a record; `ours` is its row of int_changes_by_others, if any. -#}
{%- macro changed_at(records, ours) -%}
    case when {{ ours }}.record_key is not null then {{ ours }}.changed_at else {{ records }}.updated_at end
{%- endmacro -%}

{#-
    Order of the records of one group for one field, best first, as config/identity.yml rules: the order of sources,
    the record that changed last (`changed_at`), the longest value, or an order of sources of the field's own. Ties go
    to the order of sources.
-#}
{% macro survivorship_order(entity, field, column, rank, changed_at, source_name) -%}
    {%- set rule -%}
        (
            select survivorship.rule
            from {{ source('rules', 'survivorship') }} as survivorship
            where survivorship.entity = '{{ entity }}' and survivorship.field = '{{ field }}'
        )
    {%- endset -%}
    case when {{ rule }} = 'most_recent' then {{ changed_at }} end desc nulls last,
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
    {{ changed_at }} desc nulls last
{%- endmacro %}

{#- The rules of an entity's fields as one row, to be read beside every record: `rule_<field>`, `sources_<field>`. -#}
{% macro survival_rules(entity, fields) -%}
    select
        {%- for field in fields %}
        max(survivorship.rule) filter (where survivorship.field = '{{ field }}') as rule_{{ field }},
        string_split(max(survivorship.sources) filter (where survivorship.field = '{{ field }}'), ',')
            as sources_{{ field }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ source('rules', 'survivorship') }} as survivorship
    where survivorship.entity = '{{ entity }}'
{%- endmacro %}

{#-
    The same order as a number, least first, for models that look at many fields of many records: it is made of two
    places that are sorted once for all fields, `place` (the order of sources) and `recency` (the last change first),
    each unique within the group, and so is unique within the group too. The row of `survival_rules` is beside it.
-#}
{% macro survival_place(field, column, place, recency, source_name) -%}
    case rule_{{ field }}
        when 'most_recent' then {{ recency }}
        when 'longest' then {{ place }} - 4294967296 * coalesce(length(cast({{ column }} as varchar)), 0)
        when 'sources' then {{ place }} + 4294967296 * coalesce(list_position(sources_{{ field }}, {{ source_name }}), 1000)
        else {{ place }}
    end
{%- endmacro %}
