{#-
    What is made of the same as last time is not made again. `incremental.made` has for each relation what it was made of
    (`made_of`: its code and the versions of what it reads), in which run (`made_in`), its `version`, and the one
    before where the step between them is known (the owners that were due). pipelines/versions.py reads it before dbt runs,
    is lent to the macros as `versions`, and writes it when all is made. Nodes that stay are not begun (pipelines/dbt_nodes.py).
    Where dbt runs without that, by hand, everything is made, and is new to whoever asks later. What has no version there (a
    table that somebody made by hand) is new each time.
-#}

{#- One value for a node's code and for the versions of all that it reads; `step`: for those that they had before. -#}
{% macro node_made_of(code) -%}
    {%- if versions is defined -%}
        {{ return(versions.made_of(model.unique_id, code)) }}
    {%- endif -%}
    {{ return({
        'made_of': invocation_id, 'step': invocation_id, 'before': none, 'version': none
    }) }}
{%- endmacro %}

{% macro may_stay() -%}
    {{ return(versions is defined and versions.may_stay) }}
{%- endmacro %}

{#- dbt wants to be told of one statement. -#}
{% macro stayed() -%}
    {%- call statement('main') -%} select 'the same' as is_made_of {%- endcall -%}
    {{ adapter.commit() }}
{%- endmacro %}

{#- What was made is kept, and then has a version. -#}
{% macro commit_as_made(made, version, version_before=none) -%}
    {%- if versions is not defined -%}
        {%- call statement('forgotten') -%}
            delete from incremental.made where made.relation = '{{ model.schema }}.{{ model.alias }}'
        {%- endcall -%}
    {%- endif -%}
    {{ adapter.commit() }}
    {%- if versions is defined -%}
        {%- do versions.note(model.unique_id, made, version, version_before, invocation_id) -%}
    {%- endif -%}
{%- endmacro %}

{#- By its rows where it is cheap to read them again, so that what comes out the same makes nothing new. -#}
{% macro version_of_rows(relation, made) -%}
    {%- if not may_stay() -%}
        {{ return(made.made_of) }}
    {%- endif -%}
    {%- set table = relation.include(database=false) -%}
    {%- set cells -%}
        select count(*) * (select count(*) from pragma_table_info('{{ table }}')) from {{ table }}
    {%- endset -%}
    {%- if run_query(cells).rows[0][0] > versions.most_hashed -%}
        {{ return(made.made_of) }}
    {%- endif -%}
    {%- set rows = run_query("select concat_ws(':', count(*), sum(hash(whole))) from " ~ table ~ ' as whole') -%}
    {{ return(versions.code ~ ':' ~ rows.rows[0][0]) }}
{%- endmacro %}
