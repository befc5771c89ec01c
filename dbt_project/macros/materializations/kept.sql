{#-
    A table of a Python model that goes on from what it left: `model` returns what is to be done, and that is done to the
    table in place. Who is due, and what others that follow it are told, is worked out by `pipelines.identity.kept`, in the
    tables that the materialization `incremental` has.
-#}
{% materialization kept, adapter='duckdb', supported_languages=['python'] %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set made = node_made_of(compiled_code) -%}
    {% call statement('main', language='python') -%}
{{ compiled_code }}

def materialize(work, connection):
    work(connection, '{{ target_relation }}', '{{ invocation_id }}', {{ should_full_refresh() }})
    {%- endcall %}
    {#- A run in which nobody was due left no state of its own, and what is read here the same. -#}
    {%- set run = run_query('select run from incremental.' ~ model.alias ~ '__state').columns[0].values()[0] -%}
    {{ commit_as_made(made, run if run == invocation_id else made.version or invocation_id) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
