{#-
    A test that passed on what it reads is not asked again while that stays as it is (pipelines/dbt_nodes.py, which asks most
    tests by itself); a reference of models that work out what changed, of which the rows before had passed, is asked of the
    rows of owners that were due since. A test that found rows is asked in every run, so that what it found is told
    each time.
-#}
{%- materialization test, adapter='duckdb' -%}
    {%- set made = node_made_of(sql) -%}
    {%- set asked = get_test_sql(
        get_limit_subquery_sql(of_what_is_new(sql, made), config.get('limit')),
        config.get('fail_calc'), config.get('warn_if'), config.get('error_if'), limit=none
    ) -%}
    {% call statement('main', fetch_result=True) -%}
        {{ asked }}
    {%- endcall %}
    {%- if versions is defined and load_result('main').table.rows[0][0] == 0 -%}
        {%- do versions.note(model.unique_id, made, none, none, invocation_id) -%}
    {%- endif -%}
    {{ return({'relations': []}) }}
{%- endmaterialization -%}

{#- The SQL of a test for the rows of the owners that were due; as it is, where these are not known or not enough. -#}
{% macro of_what_is_new(sql, made) -%}
    {%- set tested = [] -%}
    {%- for unique_id in model.depends_on.nodes if unique_id in graph.nodes -%}
        {%- do tested.append(graph.nodes[unique_id]) -%}
    {%- endfor -%}
    {%- set name = model.test_metadata.name if model.test_metadata is defined else none -%}
    {%- set follow = tested | rejectattr('config.materialized', 'equalto', 'incremental') | list | length == 0 -%}
    {%- if not may_stay() or not follow or made.step != made.before -%}
        {{ return(sql) }}
    {%- elif name == 'relationships' and tested | length == 2 -%}
        {{ return(references_that_are_new(sql, tested)) }}
    {%- endif -%}
    {{ return(sums_that_are_new(sql, tested)) }}
{%- endmacro %}

{#-
    Of rows whose owner was due, and of those that name an owner who was due on the other side and is not there any more. Where
    the column names the row's owner, only those owners are looked for that are not there: as a rule none, and no row is read.
-#}
{% macro references_that_are_new(sql, tested) -%}
    {%- set arguments = model.test_metadata.kwargs -%}
    {%- set column = modules.re.search('/[*] (.*) [*]/', sql).group(1) -%}
    {%- set field = arguments.get('field', arguments.get('arguments', {}).get('field')) -%}
    {%- set child = graph.nodes[model.attached_node] -%}
    {%- set parent = (tested | rejectattr('unique_id', 'equalto', child.unique_id) | list)[0] -%}
    {%- set owner = child.config.unique_key -%}
    {%- if parent.config.unique_key != field -%}
        {{ return(sql) }}
    {%- endif -%}
    {%- if owner == column or owner.startswith('coalesce(' ~ column ~ ',') -%}
        {%- set asked = column ~ ' in ' ~ due_and_gone([child, parent], parent, field) -%}
    {%- else -%}
        {%- set asked = '(' ~ due_of(owner, [child]) ~ ' or ' ~ column ~ ' in ' ~ due_and_gone([parent], parent, field) ~ ')' -%}
    {%- endif -%}
    {{ return(sql | replace('/* ' ~ column ~ ' */', 'and ' ~ asked)) }}
{%- endmacro %}

{#- Who was due in any of the models and has no row in `parent`. -#}
{% macro due_and_gone(nodes, parent, field) -%}
    (
        select due.owner from ({{ owners_due_in(nodes) }}) as due
        where not exists (select 1 from {{ parent.schema }}.{{ parent.alias }} as there where there.{{ field }} = due.owner)
    )
{%- endmacro %}

{#- A test of our own that adds up by owner names the models that say who is due, in a comment where `where` may stand. -#}
{% macro sums_that_are_new(sql, tested) -%}
    {%- set names = tested | map(attribute='name') | sort | join(', ') -%}
    {%- set due = [] -%}
    {%- for owner, nodes in tested | groupby('config.unique_key') -%}{%- do due.append(due_of(owner, nodes)) -%}{%- endfor -%}
    {{ return(sql | replace('/* ' ~ names ~ ' */', 'where ' ~ due | join(' or '))) }}
{%- endmacro %}

{% macro due_of(owner, nodes) -%}
    {{ return(owner ~ ' in (' ~ owners_due_in(nodes) ~ ')') }}
{%- endmacro %}

{% macro owners_due_in(nodes) -%}
    {%- set found = [] -%}
    {%- for node in nodes -%}{%- do found.append('select due.owner from incremental.' ~ node.name ~ '__due as due') -%}{%- endfor -%}
    {{ return(found | join(' union all ')) }}
{%- endmacro %}
