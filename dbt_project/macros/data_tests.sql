{#-
    dbt's own tests in the form that costs the least at many rows. Where the rows before had passed, and both tables work
    out by owner what changed, references are asked of the rows of owners that were due on either side: the
    materialization of tests puts that in place of the comments.
-#}
{% macro default__test_accepted_values(model, column_name, values, quote=true) -%}
    {%- set written = [] -%}
    {%- for value in values -%}{%- do written.append("'" ~ value ~ "'" if quote else value) -%}{%- endfor -%}
    select distinct {{ column_name }} as value_field
    from {{ model }}
    where {{ column_name }} not in ({{ written | join(', ') }})
{%- endmacro %}

{% macro default__test_relationships(model, column_name, to, field) -%}
    select child.from_field
    from (
        select {{ column_name }} as from_field
        from {{ model }}
        where
            {{ column_name }} is not null
            /* {{ column_name }} */
    ) as child
    left join {{ to }} as parent on child.from_field = parent.{{ field }}
    where parent.{{ field }} is null
{%- endmacro %}
