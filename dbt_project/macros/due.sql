{#-
    Where an incremental model asks for the owners it has to work out in this run: `where {{ is_due('x.owner') }}`.
    The materialization (materializations/incremental.sql) fills the table of them before the model's SQL runs; in a
    full build everybody is, and nobody is looked up. A unit test is about all of its rows.
-#}
{% macro is_due(owner) -%}
    {%- if is_unit_test() -%}
        true
    {%- else -%}
        {{ owner }} in {{ those_due() }}
    {%- endif -%}
{%- endmacro %}

{#-
    The same of rows that all have an owner. A build of everybody asks nothing of them: that an owner is not null would be
    taken for a fifth of the rows, and what is joined to them be looked up from the wrong side.
-#}
{% macro is_owner_due(owner) -%}
    {%- if is_unit_test() -%}
        true
    {%- else -%}
        /* owned */ {{ is_due(owner) }} /* owned */
    {%- endif -%}
{%- endmacro %}

{#- It gives a model rows of its own, and knows of no run before. -#}
{% macro is_unit_test() -%}
    {{- 'yes' if model is defined and model.resource_type == 'unit_test' -}}
{%- endmacro %}

{% macro those_due() -%}
    (select due.owner from {{ due_owners() }} as due)
{%- endmacro %}

{#-
    The same of what is not known by its owner before it is joined: `those` is SQL of what may be an owner's that is due. It spares the
    join of what is not, and does not stand for `is_due`.
-#}
{% macro may_be_due(what, those) -%}
    {%- if is_unit_test() -%}
        true
    {%- else -%}
        {{ what }} in (/* due */ {{ those }} /* due */)
    {%- endif -%}
{%- endmacro %}

{#-
    The same where a table is read whose rows of those that are due were written last, all together, as a model leaves that
    they are followed from and that writes all of theirs: of its other rows nothing is read but who owns them.
-#}
{% macro is_row_due(relation, owner) -%}
    {%- if not is_unit_test() -%}
        /* rows */ rowid in (select rowid from {{ relation }} where {{ is_due(owner) }}) and /* rows */
    {%- endif %} {{ is_due(owner) }}
{%- endmacro %}

{#- The model's SQL where all are due. -#}
{% macro of_everybody(code) -%}
    {%- set code = modules.re.sub('(?s)/[*] owned [*]/.*?/[*] owned [*]/', 'true', of_any_rows(code)) -%}
    {%- set code = modules.re.sub('(?s) in [(]/[*] due [*]/.*?/[*] due [*]/[)]', ' is not null', code) -%}
    {{ return(code | replace(' in ' ~ those_due(), ' is not null') | replace(' as materialized (', ' as not materialized (')) }}
{%- endmacro %}

{#- The model's SQL where it is not known that rows were written last. -#}
{% macro of_any_rows(code) -%}
    {{ return(modules.re.sub('(?s)/[*] rows [*]/.*?/[*] rows [*]/', '', code)) }}
{%- endmacro %}

{#- Models that are read by `through` alone: dbt is told that they come before. A unit test has none of them. -#}
{% macro also_reads() -%}
    {%- if not is_unit_test() -%}
        {%- for name in varargs %}
            /* depends_on: {{ ref(name) }} */
        {%- endfor %}
    {%- endif -%}
{%- endmacro %}
