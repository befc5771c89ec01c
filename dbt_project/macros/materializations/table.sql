{#-
    The work file is a copy that nobody reads until it is published whole. dbt's own materialization builds under
    another name, then renames twice and drops, to spare readers that are not there; building in place costs a fifth
    less. Hooks, grants, indexes and persisted docs are not used in this project and not supported here.
-#}
{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] %}
    {%- set target_relation = this.incorporate(type='table') -%}
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
        {{ drop_relation_if_exists(load_cached_relation(this)) }}
        {% call statement('main', language='sql') -%}
            {{ create_table_as(False, target_relation, compiled_code, 'sql') }}
        {%- endcall %}
    {%- endif %}
    {{ adapter.commit() }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
