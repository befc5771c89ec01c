{#-
    Where an incremental model asks for the owners it has to work out in this run: `where {{ is_due('x.owner') }}`.
    The materialization (materializations/incremental.sql) fills the table of them before the model's SQL runs; in a
    full build everybody is, and nobody is looked up. A unit test is about all of its rows.
-#}
{% macro is_due(owner) -%}
    {%- if model is defined and model.resource_type == 'unit_test' -%}
        true
    {%- else -%}
        {{ owner }} in {{ those_due() }}
    {%- endif -%}
{%- endmacro %}

{% macro those_due() -%}
    (select due.owner from {{ due_owners() }} as due)
{%- endmacro %}

{#- The model's SQL where all are due. -#}
{% macro of_everybody(code) -%}
    {{ return(code | replace(' in ' ~ those_due(), ' is not null') | replace(' as materialized (', ' as not materialized (')) }}
{%- endmacro %}

{#- Models that are read by `through` alone: dbt is told that they come before. A unit test has none of them. -#}
{% macro also_reads() -%}
    {%- if not (model is defined and model.resource_type == 'unit_test') -%}
        {%- for name in varargs %}
            /* depends_on: {{ ref(name) }} */
        {%- endfor %}
    {%- endif -%}
{%- endmacro %}

{#- The table of owners that are due, and the one of what each was made of. -#}
{% macro due_owners() -%}
    incremental.{{ this.identifier if this is defined else 'model' }}__due
{%- endmacro %}

{% macro known_owners() -%}
    incremental.{{ this.identifier if this is defined else 'model' }}
{%- endmacro %}

{#- The relation of a node the model depends on, as `ref` and `source` name it. -#}
{% macro input_relation(unique_id) -%}
    {%- set node = graph.sources[unique_id] if unique_id.startswith('source.') else graph.nodes[unique_id] -%}
    {{ node.schema }}.{{ node.identifier if unique_id.startswith('source.') else node.alias }}
{%- endmacro %}

{#- What the model reads, by how it is looked at; a name in its config that it does not read is an error. -#}
{% macro what_is_read() -%}
    {%- set wanted = {
        'inputs': config.get('inputs', []), 'owned': config.get('owned', {}), 'follows': config.get('follows', []),
        'through': config.get('through', {}), 'vouched_for': config.get('vouched_for', [])
    } -%}
    {%- set read = {
        'inputs': [], 'owned': [], 'follows': [], 'through': [], 'vouched_for': [], 'shared': [], 'named': {}
    } -%}
    {%- for unique_id in model.depends_on.nodes if unique_id.split('.')[0] in ('model', 'source') -%}
        {%- set name = unique_id.split('.')[-1] -%}
        {%- do read.named.update({name: input_relation(unique_id)}) -%}
        {%- set kinds = [] -%}
        {%- for kind, names in wanted.items() if name in names -%}{%- do kinds.append(kind) -%}{%- endfor -%}
        {%- if kinds | length > 1 -%}
            {{ exceptions.raise_compiler_error(model.name ~ ' looks at ' ~ name ~ ' in two ways: ' ~ kinds | join(', ')) }}
        {%- endif -%}
        {%- do read[kinds[0] if kinds else 'shared'].append(unique_id) -%}
        {%- if kinds and unique_id == 'source.crm.rules.run' -%}{%- do read.shared.append(unique_id) -%}{%- endif -%}
    {%- endfor -%}
    {%- for kind, names in wanted.items() if names | length != read[kind] | length -%}
        {{ exceptions.raise_compiler_error(kind ~ ' must be what ' ~ model.name ~ ' reads: ' ~ names | join(', ')) }}
    {%- endfor -%}
    {%- for name in config.get('shared_columns', {}) if name not in read.named -%}
        {{ exceptions.raise_compiler_error('shared_columns must be of what ' ~ model.name ~ ' reads: ' ~ name) }}
    {%- endfor -%}
    {{ return(compare_what_is_not_kept(read)) }}
{%- endmacro %}

{#- A model that is followed and was not made by the materialization here (a table of a test's own) is compared: by owner, or
    as a whole where its owners are others. -#}
{% macro compare_what_is_not_kept(read) -%}
    {%- set kept = [] -%}
    {%- if read.follows or read.through -%}
        {%- set kept = run_query(
            "select table_name from duckdb_tables() where schema_name = 'incremental'"
        ).columns[0].values() -%}
    {%- endif -%}
    {%- for way, otherwise in [('follows', 'inputs'), ('through', 'shared')] -%}
        {%- set followed = read[way] -%}
        {%- do read.update({way: []}) -%}
        {%- for unique_id in followed -%}
            {%- set name = unique_id.split('.')[-1] ~ '__state' -%}
            {%- do read[way if name in kept else otherwise].append(unique_id) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(read) }}
{%- endmacro %}

{#-
    One value for all that an incremental model reads by whole tables, and for its own code: when it differs, all owners
    are due. Of the run's own row only what a model may read here counts; the clock would make everything new each time.
-#}
{% macro made_of(sql, shared) -%}
    {%- set columns = config.get('shared_columns', {}) -%}
    select md5(concat_ws(
        '|',
        '{{ local_md5(sql) }}', '{{ local_md5(config.get('owned', {}) | string ~ config.get('through', {})) }}', 'by hash'
        {%- for unique_id in shared | sort %},
        (
            {%- if unique_id == 'source.crm.rules.run' %}
            select concat_ws(
                ':', shared.business_zone, shared.salesforce_zone, shared.window_days, shared.company_currency
                {%- if 'run' in columns %}, {{ columns['run'] }}{% endif %}
            )
            from {{ input_relation(unique_id) }} as shared
            {%- else %}
            select concat_ws(':', count(*), sum(hash(shared)))
            from (
                select {{ columns.get(unique_id.split('.')[-1], '*') }} from {{ input_relation(unique_id) }}
            ) as shared
            {%- endif %}
        )
        {%- endfor %}
    ))
{%- endmacro %}

{#- What of a model is kept beside it: who owned what, how it was made last, and which run of those it follows it saw. -#}
{% macro what_is_kept() -%}
    create table if not exists {{ known_owners() }} (owner ubigint, fingerprint hugeint, input_rows bigint);
    create table if not exists {{ due_owners() }} (owner varchar);
    create table if not exists {{ known_owners() }}__state (
        run varchar, run_before varchar, is_full boolean, made_of varchar, saw map(varchar, varchar)
    )
{%- endmacro %}

{#-
    Each owner and the sum of the hashes of its rows in every input: rows that come, go or change make another sum. What is
    kept of an owner is the hash of its name: of millions of names, writing them is most of what comparing costs.
-#}
{% macro owners_now(owner, read) -%}
    {%- set parts = [] -%}
    {%- for unique_id in read.inputs | sort -%}
        {%- do parts.append(
            'select ' ~ owner ~ " as owner, hash('" ~ unique_id ~ "', input) as hashed from "
            ~ input_relation(unique_id) ~ ' as input'
        ) -%}
    {%- endfor -%}
    {%- for unique_id in read.owned | sort -%}
        {%- set asked = with_relations(config.get('owned')[unique_id.split('.')[-1]], read.named) -%}
        {%- do parts.append("select owner, hash('" ~ unique_id ~ "', hashed) as hashed from (" ~ asked ~ ') as asked') -%}
    {%- endfor -%}
    select
        any_value(owned.owner) as owner,
        hash(owned.owner) as owner_hash,
        sum(owned.hashed) as fingerprint,
        count(*) as input_rows
    from ({{ parts | join('\nunion all\n') }}) as owned
    where owned.owner is not null
    group by hash(owned.owner)
{%- endmacro %}

{#- SQL of a model's config, where `{name}` stands for a relation. -#}
{% macro with_relations(sql, named) -%}
    {%- set asked = namespace(sql=sql) -%}
    {%- for name, relation in named.items() -%}
        {%- set asked.sql = asked.sql | replace('{' ~ name ~ '}', relation) -%}
    {%- endfor -%}
    {{ return(asked.sql) }}
{%- endmacro %}

{#- Of whom there is something else now than there was, or nothing any more: then `owner` is null. -#}
{% macro who_moved() -%}
    select
        now.owner,
        coalesce(now.owner_hash, before.owner) as owner_hash
    from {{ temporary('now') }} as now
    full outer join {{ known_owners() }} as before on now.owner_hash = before.owner
    where
        now.fingerprint is distinct from before.fingerprint
        or now.input_rows is distinct from before.input_rows
{%- endmacro %}

{#- A table that is gone with the connection: nothing of it is written to the file. -#}
{% macro temporary(what) -%}
    temp.main.{{ this.identifier }}__{{ what }}
{%- endmacro %}

{#- Whether all are due: what is shared differs, or a run of a model that is followed was in full or was not seen. -#}
{% macro is_all_due(made, read) -%}
    select
        not exists (from {{ known_owners() }}__state as mine where mine.made_of = '{{ made }}')
        {%- for unique_id in read.follows + read.through %}
            or not exists (
                select 1
                from {{ state_of(unique_id) }} as theirs
                cross join {{ known_owners() }}__state as mine
                where
                    theirs.run = mine.saw['{{ unique_id }}']
                    or (theirs.run_before = mine.saw['{{ unique_id }}'] and not theirs.is_full)
            )
        {%- endfor %}
{%- endmacro %}

{% macro state_of(unique_id) -%}
    incremental.{{ unique_id.split('.')[-1] }}__state
{%- endmacro %}

{% macro who_is_due(read, compared, target_relation, owner) -%}
    {%- set parts = [] -%}
    {%- if compared -%}
        {%- do parts.append('select moved.owner from ' ~ temporary('moved') ~ ' as moved where moved.owner is not null') -%}
        {#- Who is gone is named by the rows that are left; without any, nothing was made of them. -#}
        {%- do parts.append(
            'select ' ~ owner ~ ' as owner from ' ~ target_relation ~ ' where hash(' ~ owner ~ ') in (select moved.owner_hash from '
            ~ temporary('moved') ~ ' as moved where moved.owner is null)'
        ) -%}
    {%- endif -%}
    {%- for unique_id in read.follows -%}
        {%- do parts.append('select theirs.owner from ' ~ due_there(unique_id) ~ ' as theirs') -%}
    {%- endfor -%}
    {%- for unique_id in read.through -%}
        {%- set named = {'due': due_there(unique_id), 'this': target_relation | string} -%}
        {%- do named.update(read.named) -%}
        {%- do parts.append(
            'select reached.owner from (' ~ with_relations(config.get('through')[unique_id.split('.')[-1]], named)
            ~ ') as reached where reached.owner is not null'
        ) -%}
    {%- endfor -%}
    {{ parts | join('\nunion\n') }}
{%- endmacro %}

{#- The owners that were due in a run of another model, unless that run was seen here. -#}
{% macro due_there(unique_id) -%}
    (
        select theirs.owner
        from incremental.{{ unique_id.split('.')[-1] }}__due as theirs
        where
            not exists (
                select 1
                from {{ known_owners() }}__state as mine
                cross join {{ state_of(unique_id) }} as last
                where last.run = mine.saw['{{ unique_id }}']
            )
    )
{%- endmacro %}

{% macro are_most_due(target_relation, owner) -%}
    select
        (select count(*) from {{ due_owners() }}) * 2
        > (select approx_count_distinct({{ owner }}) from {{ target_relation }})
{%- endmacro %}

{% macro keep(made, full, read, compared) -%}
    {%- if compared and full %}
        create or replace table {{ known_owners() }} as
        select owner_hash as owner, fingerprint, input_rows from {{ temporary('now') }};
    {%- elif compared %}
        {{ keep_who_moved() }}
    {%- endif %}
    create or replace table {{ known_owners() }}__state as
    select
        '{{ invocation_id }}' as run,
        (select mine.run from {{ known_owners() }}__state as mine) as run_before,
        {{ full | lower }} as is_full,
        '{{ made }}' as made_of,
        {{ runs_seen(read) }} as saw
{%- endmacro %}

{#- Where nobody is due: what was looked at counts as seen, and this was no run for those that follow. -#}
{% macro keep_what_was_seen(read, compared) -%}
    {%- if compared %}
        {{ keep_who_moved() }}
    {%- endif %}
    update {{ known_owners() }}__state set saw = {{ runs_seen(read) }}
{%- endmacro %}

{% macro keep_who_moved() -%}
    delete from {{ known_owners() }} where owner in (select moved.owner_hash from {{ temporary('moved') }} as moved);
    insert into {{ known_owners() }}
    select now.owner_hash, now.fingerprint, now.input_rows from {{ temporary('now') }} as now
    where now.owner_hash in (select moved.owner_hash from {{ temporary('moved') }} as moved);
{%- endmacro %}

{% macro runs_seen(read) -%}
    map {
        {%- for unique_id in read.follows + read.through %}
            '{{ unique_id }}': (select theirs.run from {{ state_of(unique_id) }} as theirs)
            {%- if not loop.last %},{% endif %}
        {%- endfor -%}
    }::map(varchar, varchar)
{%- endmacro %}
