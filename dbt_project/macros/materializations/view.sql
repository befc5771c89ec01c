{#- In place, for the same reason as tables. -#}
{% materialization view, adapter='duckdb' %}
    {%- set target_relation = this.incorporate(type='view') -%}
    {%- set made = node_made_of(compiled_code) -%}
    {{ drop_another_type(target_relation) }}
    {% call statement('main') -%}
        {%- if config.get('contract').enforced -%}{{ get_assert_columns_equivalent(sql) }}{%- endif -%}
        create or replace view {{ target_relation }} as (
            {{ sql }}
        );
    {%- endcall %}
    {{ commit_as_made(made, made.made_of) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
