{#-
    What is made of the same as last time is not made again. `incremental.made` has for each relation what it was made of
    (`made_of`: its code and the versions of what it reads), in which run of dbt (`made_in`), its `version`, and the one
    before where the step between them is known (the owners that were due). The versions of sources are written by pipelines/versions.py before dbt runs.
    What has no version there (a table that somebody made by hand) is new each time.
-#}

{#- One value for a node's code and for the versions of all that it reads; `step`: for those that they had before. -#}
{% macro node_made_of(code) -%}
    {%- set read = [] -%}
    {%- for unique_id in model.depends_on.nodes if unique_id.split('.')[0] in ('model', 'source') -%}
        {%- if unique_id == 'source.crm.rules.run' -%}
            {#- Of the run's row what SQL names: the clock makes new only what looks at it. -#}
            {%- for name in var('run_columns', [])
                if model.language == 'python' or modules.re.search('\\b' ~ name ~ '\\b', code) -%}
                {%- do read.append('rules.run.' ~ name) -%}
            {%- endfor -%}
        {%- else -%}
            {%- do read.append(input_relation(unique_id)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set sql -%}
        select
            md5(concat_ws(
                '|', '{{ local_md5(code) }}', '{{ var('code', invocation_id) }}',
                string_agg(coalesce(made.version, '{{ invocation_id }}'), '|' order by read.relation)
            )) as made_of,
            md5(concat_ws(
                '|', '{{ local_md5(code) }}', '{{ var('code', invocation_id) }}',
                string_agg(
                    coalesce(made.version_before, made.version, '{{ invocation_id }}'), '|' order by read.relation
                )
            )) as step,
            (select mine.made_of from incremental.made as mine where mine.relation = '{{ made_name() }}') as made_of_before,
            (select mine.version from incremental.made as mine where mine.relation = '{{ made_name() }}') as version
        from (select unnest({{ read or ['none'] }}) as relation) as read
        left join incremental.made on read.relation = made.relation
    {%- endset -%}
    {%- set found = run_query(sql).rows[0] -%}
    {{ return({
        'made_of': found[0], 'step': found[1], 'before': found[2], 'version': found[3], 'is_same': found[0] == found[2]
    }) }}
{%- endmacro %}

{#- A relation by its name; a test, which leaves none, by its id. -#}
{% macro made_name() -%}
    {{ model.schema ~ '.' ~ model.alias if model.resource_type == 'model' else model.unique_id }}
{%- endmacro %}

{#- Whether a model may stay as it is: made of the same, and there. -#}
{% macro stays(made, type) -%}
    {%- set existing = load_cached_relation(this) -%}
    {{ return(
        var('may_stay', false) and made.is_same and not should_full_refresh()
        and existing is not none and existing.type == type
    ) }}
{%- endmacro %}

{#- dbt wants to be told of one statement. -#}
{% macro stayed() -%}
    {%- call statement('main') -%} select 'the same' as is_made_of {%- endcall -%}
    {{ adapter.commit() }}
{%- endmacro %}

{#- `version` is SQL. -#}
{% macro note_made(made, version, version_before='null') -%}
    {%- call statement('noted') -%}
        delete from incremental.made where made.relation = '{{ made_name() }}';
        insert into incremental.made (relation, made_of, version, version_before, made_in)
        select '{{ made_name() }}', '{{ made.made_of }}', {{ version }}, {{ version_before }}, '{{ invocation_id }}'
    {%- endcall -%}
{%- endmacro %}

{#- By its rows where it is cheap to read them again, so that what comes out the same makes nothing new. -#}
{% macro version_of_rows(relation, made) -%}
    {%- set cells -%}
        select estimated_size * column_count
        from duckdb_tables()
        where schema_name = '{{ relation.schema }}' and table_name = '{{ relation.identifier }}'
    {%- endset -%}
    {%- if run_query(cells).rows[0][0] > var('most_hashed', 0) -%}
        {{ return("'" ~ made.made_of ~ "'") }}
    {%- endif -%}
    {{ return(
        "(select concat_ws(':', '" ~ var('code', invocation_id) ~ "', count(*), sum(hash(whole))) from "
        ~ relation.include(database=false) ~ " as whole)"
    ) }}
{%- endmacro %}
