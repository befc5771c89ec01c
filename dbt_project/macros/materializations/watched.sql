{#-
    A view of which it is known whose rows are others than in the last run: nothing of it is written but a sum of hashes for
    each owner (`unique_key`), and an incremental model that reads it `through` works out those alone. Its `{due}` are the
    hashes of the owners' names: of an owner that has no row any more nothing else is known.
    What is compared is what the view gives, so whatever it reads, also the clock, is seen there and needs no saying. What is
    dear to work out twice, for comparing and for whoever reads it, is a table: `as_table=true`.
-#}
{% materialization watched, adapter='duckdb' %}
    {%- set type = 'table' if config.get('as_table') else 'view' -%}
    {%- set target_relation = this.incorporate(type=type) -%}
    {%- set made = node_made_of(compiled_code) -%}
    {%- set owner = config.require('unique_key') -%}
    {%- set read = {
        'inputs': [model.unique_id], 'owned': [], 'follows': [], 'through': [], 'anew': [model.unique_id], 'seen': {}
    } -%}
    {{ drop_another_type(target_relation) }}
    {% call statement('main') -%}
        create or replace {{ type }} {{ target_relation }} as (
            {{ sql }}
        );
    {%- endcall %}
    {% call statement('moved') -%}
        {{ what_is_kept('ubigint') }};
        create or replace temp table {{ this.identifier }}__moved as {{ who_moved(owner, read) }}
    {%- endcall %}
    {%- set found -%}
        select (select count(*) from {{ temporary('moved') }}), (select count(*) from {{ known_owners() }}__state)
    {%- endset -%}
    {%- set moved, runs = run_query(found).rows[0].values() -%}
    {%- set full = should_full_refresh() or runs == 0 -%}
    {%- if moved == 0 and not full and made.version is not none -%}
        {{ let_go() }}
        {{ commit_as_made(made, made.version) }}
    {%- else -%}
        {% call statement('due') -%}
            create or replace table {{ due_owners() }} as
            select moved.owner_hash as owner from {{ temporary('moved') }} as moved
            {%- if full %} where false {%- endif -%};
            {{ keep('', full, read, true, owner, true) }}
        {%- endcall %}
        {{ let_go() }}
        {{ commit_as_made(made, invocation_id, none if full else made.version) }}
    {%- endif -%}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
