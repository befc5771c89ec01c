{#-
    A table of a Python model that goes on from what it left: `model` returns what is to be done, and that is done to the
    table in place. Who is due, and what others that follow it are told, is worked out by `pipelines.identity.kept`, in the
    tables that the materialization `incremental` has.
-#}
{% materialization kept, adapter='duckdb', supported_languages=['python'] %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set made = node_made_of(compiled_code) -%}
    {%- if stays(made, 'table') -%}
        {{ stayed() }}
        {{ return({'relations': [target_relation]}) }}
    {%- endif -%}
    {% call statement('main', language='python') -%}
{{ compiled_code }}

def materialize(work, connection):
    work(connection, '{{ target_relation }}', '{{ invocation_id }}', {{ should_full_refresh() }})
    {%- endcall %}
    {#- A run in which nobody was due left no state of its own, and what is read here the same. -#}
    {%- set version -%}
        (
            select case when state.run = '{{ invocation_id }}' then state.run else '{{ made.version or invocation_id }}' end
            from incremental.{{ model.alias }}__state as state
        )
    {%- endset -%}
    {{ note_made(made, version) }}
    {{ adapter.commit() }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
