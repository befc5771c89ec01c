{#-
    Delete and insert by the owning key. `unique_key` says who owns a row (a column, or an expression over columns).
    What the model reads is one of:
    - `inputs`: models whose rows belong to one owner each by the same expression. Each owner is kept with a fingerprint
      of its rows in them; an owner whose fingerprint is new, other or gone is due.
    - `owned`: the same of what has no such column, as SQL that gives `owner` and `hashed`; `{name}` is a relation.
    - `reached`: of what is `owned` by something that several owners have in common (a company), or by a shorter name, SQL that gives
      `owner` for those in `{moved}`, hashes of their names; in `{went}` are those of whom nothing is left. So less is compared. Whose it is
      must be seen in what is followed.
    - `follows`: incremental models with the same owners (or more of them). Who was due there in this run is due here:
      nothing is compared. A run of theirs that was not seen here makes all due.
    - `through`: incremental models with other owners, or with the same of whom some are due here, with SQL that gives `owner`: who is due here for those in `{due}`
      that were due there; `{this}` is the model as it is, `{name}` any relation that it reads.
    - `named_by`: a model whose rows, by the same columns, name owners that are gone from what is compared. For where something
      is made of them then: a touch that was to come and has come is compared no more.
    - `named_in`: a model whose rows, by the same columns, name everybody who is compared, so that the rest is not read again for names.
    - `vouched_for`: what is compared nowhere, because its part in an owner's rows is seen in one of those.
    - everything else: shared by all owners, compared as a whole; of the tables in `shared_columns` only those columns.
    Of what is compared and has the version that it had then nothing is (compared.sql).
    Where nothing that is read has another version (versions.sql), nobody is looked for; where nobody is due, the model stays
    as it is, and so does all that follows from it alone. An owner that is due has its rows deleted and made anew, or with
    `changed_rows_only` those that come out as others (changed_rows.sql). When the code or what is shared differs, or more than half of
    the owners are due, the table is built in full.

    What is due is seen by comparing contents, not by a column of times: rows that were deleted, merged into another
    owner, edited without a stamp or erased are seen like any other, and many incremental runs equal a full one.
    Columns named in `all_differ` are texts of which each row has another.
    Of a model that is `summed_by` columns nothing is kept by owner but the sums (`macros/sums.sql`); `gone` are the columns,
    of the rows of those due as they were, which such a model reads, or one that asks `through` it (`{name.gone}`).
-#}
{% materialization incremental, adapter='duckdb' %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set owner = config.require('unique_key') -%}
    {%- set same = node_made_of(compiled_code ~ config.get('owned', {}) ~ config.get('reached', {}) ~ config.get('through', {}) ~ config.get('shared_columns', {})) -%}
    {%- set read = compare_what_is_new(owner, what_is_read()) -%}
    {%- set compared = read.inputs or read.owned -%}
    {%- set due = due_owners() -%}

    {%- set made = run_query(made_of(sql, read.shared)).columns[0].values()[0] -%}
    {% call statement('known', auto_begin=True) -%}
        {{ what_is_kept() }}
    {%- endcall %}
    {%- set full = existing is none or existing.type != 'table' or should_full_refresh() or are_sums_unknown(read)
        or are_all_due(made, read) -%}
    {%- set asked = not full -%}
    {%- if asked -%}
        {%- set moved, went = 0, 0 -%}
        {%- if read.anew -%}
            {% call statement('moved') -%}
                create or replace temp table {{ this.identifier }}__moved as {{ who_moved(owner, read) }}
            {%- endcall %}
            {%- set moved, went = run_query(
                'select count(*), count(*) - count(moved.input_rows) from ' ~ temporary('moved') ~ ' as moved'
            ).rows[0].values() -%}
        {%- endif -%}
        {% call statement('due') -%}
            create or replace temp table {{ this.identifier }}__found as
            {{ who_is_due(read, moved, went, target_relation, owner) }}
        {%- endcall %}
        {%- set many = run_query('select count(*) from ' ~ temporary('found')).columns[0].values()[0] -%}
        {%- if same.version is not none and many == 0 -%}
            {#- Who was due in the last run stays there for those that follow and have not seen it. -#}
            {% call statement('seen') -%}
                {{ keep_what_was_seen(read, compared, owner) }}
            {%- endcall %}
            {{ let_go() }}
            {{ stayed() }}
            {{ commit_as_made(same, same.version) }}
            {{ return({'relations': [target_relation]}) }}
        {%- endif -%}
        {% call statement('due') -%}
            create or replace table {{ due }} as from {{ temporary('found') }}
        {%- endcall %}
        {%- set full = not config.get('summed_by') and are_most_due(many, target_relation, owner, read) -%}
    {%- endif -%}

    {%- if full -%}
        {% call statement('due') -%}
            create or replace table {{ due }} (owner varchar);
            drop table if exists {{ gone_from(this.identifier) }}
        {%- endcall %}
        {{ drop_relation_if_exists(existing) }}
        {% call statement('main') -%}
            {{ created_as(target_relation, of_everybody(compiled_code)) }}
        {%- endcall %}
    {%- else -%}
        {%- if config.get('contract').enforced -%}{{ get_assert_columns_equivalent(sql) }}{%- endif -%}
        {% call statement('main') -%}
            {%- if config.get('summed_by') %}
                {{ moved_sums(target_relation, read) }}
            {%- else %}
                {{ rows_of_those_due(target_relation, owner) }}
            {%- endif %}
        {%- endcall %}
    {%- endif -%}

    {% call statement('kept') -%}
        {{ keep(made, full, read, compared, owner, asked) }};
        {{ keep_the_run(read) }}
    {%- endcall %}
    {{ let_go() }}
    {{ commit_as_made(same, invocation_id, none if full else same.version) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% macro let_go() -%}
    {%- call statement('let go') -%}
        {%- for what in ['moved', 'found', 'sums', 'made', 'was'] %}
            drop table if exists {{ temporary(what) }};
        {%- endfor %}
    {%- endcall -%}
{%- endmacro %}

{#-
    A text that each row has another of makes no dictionary, and to look for one is most of what writing it costs: ZSTD takes a
    third of that and no more room. Left to itself DuckDB takes it for long texts alone.
-#}
{% macro created_as(relation, code) -%}
    {%- set all_differ = config.get('all_differ', []) -%}
    {%- if not all_differ or not knows_zstd(relation) -%}
        {{ return(create_table_as(False, relation, code, 'sql')) }}
    {%- endif -%}
    create table {{ relation }} (
        {%- for column in run_query('describe ' ~ code).rows %}
        {{ column[0] }} {{ column[1] }} {%- if column[0] in all_differ %} using compression zstd {%- endif -%}
        {%- if not loop.last %}, {%- endif %}
        {%- endfor %}
    );
    insert into {{ relation }}
    {{ code }}
{%- endmacro %}

{#- A file in an older format, which one that is there keeps, would leave such columns without any compression. -#}
{% macro knows_zstd(relation) -%}
    {{ return(run_query(
        "select tags['storage_version'] >= 'v1.2' from duckdb_databases() where database_name = '" ~ relation.database ~ "'"
    ).columns[0].values()[0]) }}
{%- endmacro %}
