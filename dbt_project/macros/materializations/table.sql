{#-
    The work file is a copy that nobody reads until it is published whole. dbt's own materialization builds under
    another name, then renames twice and drops, to spare readers that are not there; building in place costs a fifth
    less. What is there is replaced by the statement that makes the new one: dropping it by itself is a call of dbt
    that costs as much as a small table. Hooks, grants, indexes and persisted docs are not used in this project and
    not supported here.
-#}
{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set made = node_made_of(compiled_code) -%}
    {%- if model['language'] == 'python' -%}
        {#- Built beside and renamed, so that a Python model can read what it left in the last run. -#}
        {%- set building = make_intermediate_relation(target_relation) -%}
        {{ drop_relation_if_exists(building) }}
        {% call statement('main', language='python') -%}
            {{ create_table_as(False, building, compiled_code, 'python') }}
        {%- endcall %}
        {{ drop_relation_if_exists(load_cached_relation(this)) }}
        {{ adapter.rename_relation(building, target_relation) }}
    {%- else -%}
        {{ drop_another_type(target_relation) }}
        {% call statement('main', language='sql') -%}
            {{ replaced_table_as(target_relation, compiled_code) }}
        {%- endcall %}
    {%- endif %}
    {{ commit_as_made(made, version_of_rows(target_relation, made)) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{#- A view where a table comes, or a table where a view comes, is not replaced by DuckDB. -#}
{% macro drop_another_type(target_relation) -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- if existing is not none and existing.type != target_relation.type -%}
        {{ drop_relation_if_exists(existing) }}
    {%- endif -%}
{%- endmacro %}


{#- With a contract, the columns come from it, and rows go in by their names. -#}
{% macro replaced_table_as(relation, sql) -%}
    {%- if config.get('contract').enforced -%}
        {{ get_assert_columns_equivalent(sql) }}
        create or replace table {{ relation }} {{ get_table_columns_and_constraints() }};
        insert into {{ relation }} {{ get_column_names() }} (
            {{ get_select_subquery(sql) }}
        );
    {%- else -%}
        create or replace table {{ relation }} as (
            {{ sql }}
        );
    {%- endif -%}
{%- endmacro %}
