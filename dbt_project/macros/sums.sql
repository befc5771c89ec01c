{#-
    Sums over owners, of which no row is kept by owner: a model that is `summed_by` some columns, and gives of whomever is asked
    for counts and sums that add up over owners (whole numbers and decimals, never null; one of them counts, and a row in which
    nothing is left is none). What those who are due gave before is taken off, what they give now is added.
    What they gave before is asked of what it was made of as that was: of a model that is followed the rows that went out of
    it in this run (its config names those columns, `gone`) and those of whom was not due there; of the run, its row of then.
    So it follows models with the same owners and reads nothing else that has owners.
-#}
{% macro moved_sums(target_relation, read) -%}
    {%- set by = config.get('summed_by') | join(', ') -%}
    {%- set columns = adapter.get_columns_in_relation(target_relation) | rejectattr('name', 'in', config.get('summed_by')) | list -%}
    {%- set sums = columns | map(attribute='name') | list -%}
    {%- if columns | selectattr('dtype', 'in', ['DOUBLE', 'FLOAT', 'REAL']) | list -%}
        {{ exceptions.raise_compiler_error(model.name ~ ' sums what comes to something else in another order') }}
    {%- endif -%}
    create or replace temp table {{ this.identifier }}__sums as
    select
        {{ by }}
        {%- for name in sums %},
            sum(parts.{{ name }}) as {{ name }}
        {%- endfor %}
    from (
        from {{ target_relation }}
        union all by name
        ({{ compiled_code }})
        union all by name
        select {{ by }} {%- for name in sums %}, -before.{{ name }} as {{ name }} {%- endfor %}
        from ({{ as_it_was(compiled_code, read) }}) as before
    ) as parts
    group by {{ by }}
    having {% for name in sums %}sum(parts.{{ name }}) <> 0 {%- if not loop.last %} or {% endif %}{% endfor %};
    delete from {{ target_relation }};
    insert into {{ target_relation }} by name from {{ temporary('sums') }}
{%- endmacro %}

{#- The model's SQL over what it read when it was made last. -#}
{% macro as_it_was(code, read) -%}
    {%- set told = namespace(sql=of_any_rows(code)) -%}
    {%- for unique_id in read.follows if unique_id in read.unseen -%}
        {%- set relation = input_relation(unique_id) -%}
        {%- set columns = graph.nodes[unique_id].config.gone | join(', ') -%}
        {%- set others = 'from ' ~ due_owners() ~ ' except select theirs.owner from ' ~ due_there(unique_id, read) ~ ' as theirs' -%}
        {%- set before -%}
            (
                {%- if run_query('select count(*) from (' ~ others ~ ')').columns[0].values()[0] %}
                select {{ columns }} from {{ relation }}
                where {{ config.get('unique_key') }} in ({{ others }})
                union all by name
                {%- endif %}
                select {{ columns }} from {{ gone_from(graph.nodes[unique_id].name) }}
            )
        {%- endset -%}
        {%- set told.sql = read_instead(told.sql, relation, before) -%}
    {%- endfor -%}
    {%- if 'run' in read.named -%}
        {%- set told.sql = read_instead(told.sql, read.named.run, run_of_then()) -%}
    {%- endif -%}
    {{ return(told.sql) }}
{%- endmacro %}

{#- A relation is written with quotes where `ref` or `source` names it. -#}
{% macro read_instead(code, relation, other) -%}
    {%- set quoted = '"' ~ (relation | replace('.', '"."')) ~ '"' -%}
    {%- if quoted not in code -%}
        {{ exceptions.raise_compiler_error(model.name ~ ' reads ' ~ relation ~ ' by another name') }}
    {%- endif -%}
    {{ return(code | replace(quoted, other)) }}
{%- endmacro %}

{#- Nothing is known of before where what is followed was not made by the materialization here (a table of a test's own). -#}
{% macro are_sums_unknown(read) -%}
    {%- if not config.get('summed_by') -%}{{ return(false) }}{%- endif -%}
    {%- if config.get('inputs') or config.get('through') or config.get('vouched_for') -%}
        {{ exceptions.raise_compiler_error(model.name ~ ' is summed, and can follow only') }}
    {%- endif -%}
    {%- for unique_id in read.follows if not graph.nodes[unique_id].config.get('gone') -%}
        {{ exceptions.raise_compiler_error(unique_id ~ ' does not say what of its rows ' ~ model.name ~ ' reads: `gone`') }}
    {%- endfor -%}
    {{ return(read.inputs | length > 0) }}
{%- endmacro %}

{% macro gone_from(name) -%}
    incremental.{{ name }}__gone
{%- endmacro %}

{% macro run_of_then() -%}
    {{ known_owners() }}__run
{%- endmacro %}

{% macro keep_the_run(read) -%}
    {%- if config.get('summed_by') and 'run' in read.named -%}
        create or replace table {{ run_of_then() }} as from {{ read.named.run }}
    {%- endif -%}
{%- endmacro %}
