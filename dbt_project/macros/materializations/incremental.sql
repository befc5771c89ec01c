{#-
    Delete and insert by the owning key. `unique_key` says who owns a row (a column, or an expression over columns),
    `inputs` the models whose rows belong to one owner each; every other table the model reads is shared, but for those
    of `vouched_for`, whose part in an owner's rows is seen in an input (it holds their hash). Each owner is kept with a
    fingerprint of its rows in the inputs. An owner whose fingerprint is new, other or gone is due: its rows are deleted
    and made anew.
    When the code or a shared table differs, or more than half of the owners are due, the table is built in full.

    What is due is seen by comparing contents, not by a column of times: rows that were deleted, merged into another
    owner, edited without a stamp or erased are seen like any other, and ten incremental runs equal a full one.
-#}
{% materialization incremental, adapter='duckdb' %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set owner = config.require('unique_key') -%}
    {%- set named = config.require('inputs') -%}
    {%- set vouched_for = config.get('vouched_for', []) -%}
    {%- set inputs = [] -%}
    {%- set whole = [] -%}
    {%- set seen = [] -%}
    {%- for unique_id in model.depends_on.nodes if unique_id.split('.')[0] in ('model', 'source') -%}
        {%- set name = unique_id.split('.')[-1] -%}
        {%- do (inputs if name in named else seen if name in vouched_for else whole).append(unique_id) -%}
    {%- endfor -%}
    {%- if inputs | length != named | length or seen | length != vouched_for | length -%}
        {{ exceptions.raise_compiler_error(
            'inputs and vouched_for must be models that ' ~ model.name ~ ' reads: ' ~ (named + vouched_for) | join(', ')
        ) }}
    {%- endif -%}
    {%- set due = due_owners() -%}
    {%- set known = known_owners() -%}

    {% call statement('known', auto_begin=True) -%}
        create table if not exists {{ known }} (
            owner varchar, fingerprint hugeint, input_rows bigint, made_of varchar
        )
    {%- endcall %}
    {%- set made = run_query(made_of(sql, whole)).columns[0].values()[0] -%}
    {% call statement('now') -%}
        create or replace table {{ known }}__now as {{ owners_now(owner, inputs) }}
    {%- endcall %}
    {%- set full = existing is none or existing.type != 'table' or should_full_refresh() -%}
    {%- if not full -%}
        {% call statement('due') -%}
            create or replace table {{ due }} as
            select coalesce(before.owner, now.owner) as owner
            from {{ known }}__now as now
            full outer join (from {{ known }} where made_of = '{{ made }}') as before on now.owner = before.owner
            where
                now.fingerprint is distinct from before.fingerprint
                or now.input_rows is distinct from before.input_rows
        {%- endcall %}
        {%- set counted = run_query(
            'select (select count(*) from ' ~ due ~ ') * 2 > (select count(*) from ' ~ known ~ '__now)'
            ~ " or exists (from " ~ known ~ " where made_of is distinct from '" ~ made ~ "')"
        ) -%}
        {%- set full = counted.columns[0].values()[0] -%}
    {%- endif -%}

    {%- if full -%}
        {% call statement('due') -%}
            create or replace table {{ due }} as select owner from {{ known }}__now
        {%- endcall %}
        {{ drop_relation_if_exists(existing) }}
        {% call statement('main') -%}
            {{ create_table_as(False, target_relation, compiled_code, 'sql') }}
        {%- endcall %}
    {%- else -%}
        {%- if config.get('contract').enforced -%}{{ get_assert_columns_equivalent(sql) }}{%- endif -%}
        {% call statement('gone') -%}
            delete from {{ target_relation }} where {{ owner }} in (select owner from {{ due }})
        {%- endcall %}
        {% call statement('main') -%}
            insert into {{ target_relation }} by name
            {{ compiled_code }}
        {%- endcall %}
    {%- endif -%}

    {% call statement('kept') -%}
        create or replace table {{ known }} as
        select *, '{{ made }}' as made_of from {{ known }}__now;
        drop table {{ known }}__now
    {%- endcall %}
    {{ adapter.commit() }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
