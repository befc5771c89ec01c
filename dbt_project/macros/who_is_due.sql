{#-
    How the materialization incremental (materializations/incremental.sql) finds the owners that a model has to work out in a run, and
    what it keeps for the next. How a model asks for them is in due.sql.
-#}

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
        'inputs': [], 'owned': [], 'follows': [], 'through': [], 'vouched_for': [], 'shared': [], 'named': {}, 'unseen': [],
        'seen': {}, 'anew': []
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
    {%- for name in config.get('reached', {}) if name not in config.get('owned', {}) -%}
        {{ exceptions.raise_compiler_error('reached must be what ' ~ model.name ~ ' compares as owned: ' ~ name) }}
    {%- endfor -%}
    {%- for way in ['named_by', 'named_in', 'owners_in'] if config.get(way) and config.get(way) not in read.named -%}
        {{ exceptions.raise_compiler_error(way ~ ' must be what ' ~ model.name ~ ' reads: ' ~ config.get(way)) }}
    {%- endfor -%}
    {{ return(compare_what_is_not_kept(read)) }}
{%- endmacro %}

{#- A model that is followed and was not made by the materialization here (a table of a test's own) is compared: by owner, or
    as a whole where its owners are others. -#}
{% macro compare_what_is_not_kept(read) -%}
    {%- set kept = [] -%}
    {%- if (read.follows or read.through) and versions is defined -%}
        {%- set kept = versions.followed -%}
    {%- elif read.follows or read.through -%}
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
        '{{ local_md5(sql) }}', '{{ local_md5(config.get('owned', {}) | string ~ config.get('through', {}) ~ config.get('reached', {})) }}', 'by input'
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

{#- SQL of a model's config, where `{name}` stands for a relation. -#}
{% macro with_relations(sql, named) -%}
    {%- set asked = namespace(sql=sql) -%}
    {%- for name, relation in named.items() -%}
        {%- set asked.sql = asked.sql | replace('{' ~ name ~ '}', relation) -%}
    {%- endfor -%}
    {{ return(asked.sql) }}
{%- endmacro %}

{#- What of a model is kept beside it: who owned what, how it was made last, and which run of those it follows it saw. -#}
{% macro what_is_kept(kind='varchar') -%}
    create table if not exists {{ known_owners() }} (
        owner ubigint, input_hash ubigint, fingerprint hugeint, input_rows bigint
    );
    create table if not exists {{ due_owners() }} (owner {{ kind }});
    create table if not exists {{ known_owners() }}__state (
        run varchar, run_before varchar, is_full boolean, made_of varchar, saw map(varchar, varchar)
    )
{%- endmacro %}

{#- A table that is gone with the connection: nothing of it is written to the file. -#}
{% macro temporary(what) -%}
    temp.main.{{ this.identifier }}__{{ what }}
{%- endmacro %}

{#-
    Whether all are due: what is shared differs, or a run of a model that is followed was in full or was not seen. Whose last run
    was not seen here is told in `read.unseen`: of the others nothing more is asked, so nothing is read to find nobody. And what is
    compared is left in `read.anew` only where it has another version.
-#}
{% macro are_all_due(made, read) -%}
    {%- set followed = read.follows + read.through -%}
    {%- set asked -%}
        select
            mine.made_of = '{{ made }}'
            {%- for unique_id in followed %}
                and coalesce(
                    run{{ loop.index }}.run = mine.saw['{{ unique_id }}']
                    or (run{{ loop.index }}.run_before = mine.saw['{{ unique_id }}'] and not run{{ loop.index }}.is_full),
                    false
                )
            {%- endfor %} as is_known
            {%- for unique_id in followed %},
                run{{ loop.index }}.run is distinct from mine.saw['{{ unique_id }}'] as is_unseen{{ loop.index }}
            {%- endfor %}
            {%- for unique_id, version in read.seen.items() %},
                mine.saw['{{ unique_id }}'] is not distinct from '{{ version }}' as is_seen{{ loop.index }}
            {%- endfor %}
        from {{ known_owners() }}__state as mine
        {%- for unique_id in followed %}
            cross join {{ state_of(unique_id) }} as run{{ loop.index }}
        {%- endfor %}
    {%- endset -%}
    {%- set found = run_query(asked).rows -%}
    {%- if not found or not found[0][0] -%}{{ return(true) }}{%- endif -%}
    {%- for unique_id in followed -%}
        {%- if found[0][loop.index] -%}{%- do read.unseen.append(unique_id) -%}{%- endif -%}
    {%- endfor -%}
    {%- for unique_id, version in read.seen.items() -%}
        {%- if version and found[0][followed | length + loop.index] -%}{%- do read.anew.remove(unique_id) -%}{%- endif -%}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}

{% macro state_of(unique_id) -%}
    incremental.{{ unique_id.split('.')[-1] }}__state
{%- endmacro %}

{#-
    To ask by their names who moved is to read again what was compared: only where somebody has. Who has nothing any more in one of the
    inputs may be named by another.
-#}
{% macro who_is_due(read, how_many_moved, how_many_went, target_relation, owner) -%}
    {%- set naming = who_names_owners(target_relation, read) -%}
    {%- set parts = ['select ' ~ owner ~ ' as owner from ' ~ naming[0] ~ ' where false'] -%}
    {%- if how_many_moved -%}
        {%- set moved = '(select moved.owner_hash from ' ~ temporary('moved') ~ ' as moved)' -%}
        {%- for asked in who_is_compared(owner, read, how_many_went) -%}
            {%- do parts.append('select asked.owner from (' ~ asked ~ ') as asked where hash(asked.owner) in ' ~ moved) -%}
        {%- endfor -%}
        {%- set went = moved | replace(' as moved)', ' as moved where ' ~ ('moved.input_rows is null)' if how_many_went else 'false)')) -%}
        {%- for asked in config.get('reached', {}).values() | unique -%}
            {%- do parts.append(reached_owners(asked, dict(read.named, this=target_relation | string, moved=moved, went=went))) -%}
        {%- endfor -%}
        {%- for relation in naming if how_many_went -%}
            {%- do parts.append('select ' ~ owner ~ ' as owner from ' ~ relation ~ ' where hash(' ~ owner ~ ') in ' ~ moved) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- for unique_id in read.follows -%}
        {%- do parts.append('select theirs.owner from ' ~ due_there(unique_id, read) ~ ' as theirs') -%}
    {%- endfor -%}
    {%- for asked, through in asked_through(read).items() -%}
        {%- set named = {'this': target_relation | string} -%}
        {%- do named.update(due_there_by_name(through, read)) -%}
        {%- do named.update(read.named) -%}
        {%- do parts.append(reached_owners(asked, named)) -%}
    {%- endfor -%}
    {{ parts | join('\nunion\n') }}
{%- endmacro %}

{% macro reached_owners(asked, named) -%}
    select reached.owner from ({{ with_relations(asked, named) }}) as reached where reached.owner is not null
{%- endmacro %}

{#- SQL of `owner` that names all who are compared and not reached: of each table, or of the one in `named_in`, which has them all. -#}
{% macro who_is_compared(owner, read, and_seen) -%}
    {%- set found = [] -%}
    {%- if config.get('named_in') -%}
        {%- do found.append('select ' ~ owner ~ ' as owner from ' ~ read.named[config.get('named_in')]) -%}
    {%- else -%}
        {%- for unique_id, asked in what_is_compared(owner, read) if and_seen or unique_id in read.anew -%}
            {%- if unique_id.split('.')[-1] not in config.get('reached', {}) -%}{%- do found.append(asked) -%}{%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}

{#-
    Who is gone from all that is compared is known by the hash of the name, and named by rows that are left: of the model itself
    (of one that is summed, which has none of theirs, of the model that it follows), and of the one in `named_by`.
-#}
{% macro who_names_owners(target_relation, read) -%}
    {%- set found = [input_relation(read.follows[0]) if config.get('summed_by') else target_relation] -%}
    {%- if config.get('named_by') -%}{%- do found.append(read.named[config.get('named_by')]) -%}{%- endif -%}
    {{ return(found) }}
{%- endmacro %}

{#- Models that are read `through` the same SQL are asked together: what it joins is looked at once. -#}
{% macro asked_through(read) -%}
    {%- set asked = {} -%}
    {%- for unique_id in read.through -%}
        {%- do asked.setdefault(config.get('through')[unique_id.split('.')[-1]], []).append(unique_id) -%}
    {%- endfor -%}
    {{ return(asked) }}
{%- endmacro %}

{#-
    `{due}` is who was due in any of them, `{name.due}` in one, `{name.gone}` what that kept of their rows of before (its `gone`); in what
    was not kept, and is compared as a whole, nobody.
-#}
{% macro due_there_by_name(unique_ids, read) -%}
    {%- set found, parts = {}, [] -%}
    {%- for name in config.get('through') -%}
        {%- do found.update({name ~ '.due': '(select null as owner where false)'}) -%}
    {%- endfor -%}
    {%- for unique_id in unique_ids -%}
        {%- do found.update({unique_id.split('.')[-1] ~ '.due': due_there(unique_id, read)}) -%}
        {%- do found.update({unique_id.split('.')[-1] ~ '.gone': gone_there(unique_id, read)}) -%}
        {%- do parts.append('from ' ~ due_there(unique_id, read)) -%}
    {%- endfor -%}
    {%- do found.update({'due': '(' ~ parts | join(' union all ') ~ ')'}) -%}
    {{ return(found) }}
{%- endmacro %}

{#- The owners that were due in a run of another model, unless that run was seen here: then the planner knows there are none. -#}
{% macro due_there(unique_id, read) -%}
    (
        select theirs.owner
        from incremental.{{ unique_id.split('.')[-1] }}__due as theirs
        {%- if unique_id not in read.unseen %}
        where false
        {%- endif %}
    )
{%- endmacro %}

{#- After a build in full there is no such table. -#}
{% macro gone_there(unique_id, read) -%}
    {%- set columns = graph.nodes[unique_id].config.get('gone') or [] -%}
    {%- if unique_id in read.unseen -%}
        {{ return(gone_from(graph.nodes[unique_id].name)) }}
    {%- endif -%}
    (select {% for column in columns %}null as {{ column }}, {% endfor %}null as place where false)
{%- endmacro %}

{#-
    Owners are counted where there are not many times as many rows as owners that are due: in the model, or, where few of them have
    rows in it, in the one that is named by `owners_in`.
-#}
{% macro are_most_due(many, target_relation, owner, read) -%}
    {%- set counted = read.named[config.get('owners_in')] if config.get('owners_in') else target_relation -%}
    {%- if not many or run_query('select ' ~ many ~ ' * 50 < count(*) from ' ~ counted).columns[0].values()[0] -%}
        {{ return(false) }}
    {%- endif -%}
    {{ return(run_query(
        'select ' ~ many ~ ' * 2 > approx_count_distinct(' ~ owner ~ ') from ' ~ counted
    ).columns[0].values()[0]) }}
{%- endmacro %}

{% macro keep(made, full, read, compared, owner, asked) -%}
    {%- if compared -%}{{ keep_what_was_compared(owner, read, asked) }}{%- endif %}
    create or replace table {{ known_owners() }}__state as
    select
        '{{ invocation_id }}' as run,
        (select mine.run from {{ known_owners() }}__state as mine) as run_before,
        {{ full | lower }} as is_full,
        '{{ made }}' as made_of,
        {{ runs_seen(read) }} as saw
{%- endmacro %}

{#- Where nobody is due: what was looked at counts as seen, and this was no run for those that follow. -#}
{% macro keep_what_was_seen(read, compared, owner) -%}
    {%- if compared -%}{{ keep_what_was_compared(owner, read, true) }}{%- endif %}
    update {{ known_owners() }}__state set saw = {{ runs_seen(read) }}
{%- endmacro %}

{#- The runs of models that are followed, and the versions of what is compared. -#}
{% macro runs_seen(read) -%}
    {%- set found = [] -%}
    {%- for unique_id in read.follows + read.through -%}
        {%- do found.append("'" ~ unique_id ~ "': (select theirs.run from " ~ state_of(unique_id) ~ " as theirs)") -%}
    {%- endfor -%}
    {%- for unique_id, version in read.seen.items() if version -%}{%- do found.append("'" ~ unique_id ~ "': '" ~ version ~ "'") -%}{%- endfor -%}
    map { {{ found | join(', ') }} }::map(varchar, varchar)
{%- endmacro %}
