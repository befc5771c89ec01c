{#-
    A test that passed on what it reads is not asked again while that stays as it is; a key of an incremental model, of
    which the rows before had passed, is asked of the rows that were worked out since. A test that found rows is asked in
    every run, so that what it found is told each time.
-#}
{%- materialization test, adapter='duckdb' -%}
    {%- set made = node_made_of(sql) -%}
    {%- if var('may_stay', false) and made.is_same -%}
        {%- set asked = 'select 0 as failures, false as should_warn, false as should_error' -%}
    {%- else -%}
        {%- set asked = get_test_sql(
            get_limit_subquery_sql(of_what_is_new(sql, made), config.get('limit')),
            config.get('fail_calc'), config.get('warn_if'), config.get('error_if'), limit=none
        ) -%}
    {%- endif -%}
    {% call statement('main', fetch_result=True) -%}
        {{ asked }}
    {%- endcall %}
    {%- if not made.is_same and load_result('main').table.rows[0][0] == 0 -%}
        {{ note_made(made, 'null') }}
        {{ adapter.commit() }}
    {%- endif -%}
    {{ return({'relations': []}) }}
{%- endmaterialization -%}

{#- The SQL of a key (tests/generic/key.sql) for the rows of the owners that were due; any other as it is. -#}
{% macro of_what_is_new(sql, made) -%}
    {%- set read = model.depends_on.nodes -%}
    {%- set tested = graph.nodes.get(read[0]) if read | length == 1 else none -%}
    {%- if not var('may_stay', false) or tested is none or tested.config.materialized != 'incremental'
        or model.test_metadata is not defined or model.test_metadata.name != 'key' or made.step != made.before -%}
        {{ return(sql) }}
    {%- endif -%}
    {%- set relation = input_relation(read[0]) -%}
    {%- set columns = modules.re.search('/[*] (.*) [*]/', sql).group(1) -%}
    {{ return(sql | replace(
        '/* ' ~ columns ~ ' */',
        'where hash(' ~ columns ~ ') in (select hash(' ~ columns ~ ') from ' ~ relation ~ ' where '
        ~ tested.config.unique_key ~ ' in (select due.owner from incremental.' ~ tested.name ~ '__due as due))'
    )) }}
{%- endmacro %}
