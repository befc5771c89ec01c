{#-
    The work file is a copy that nobody reads until it is published whole. dbt's own materialization builds under
    another name, then renames twice and drops, to spare readers that are not there; building in place costs a fifth
    less. Hooks, grants, indexes and persisted docs are not used in this project and not supported here.
-#}
{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {{ drop_relation_if_exists(load_cached_relation(this)) }}
    {% call statement('main', language=model['language']) -%}
        {{ create_table_as(False, target_relation, compiled_code, model['language']) }}
    {%- endcall %}
    {{ adapter.commit() }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
