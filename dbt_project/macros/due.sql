{#-
    Where an incremental model asks for the owners it has to work out in this run: `where {{ is_due('x.owner') }}`.
    The materialization (materializations/incremental.sql) fills the table of them before the model's SQL runs; in a
    full build it holds every owner, so the same SQL serves both. A unit test is about all of its rows.
-#}
{% macro is_due(owner) -%}
    {%- if model is defined and model.resource_type == 'unit_test' -%}
        true
    {%- else -%}
        {{ owner }} in (select due.owner from {{ due_owners() }} as due)
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

{#-
    One value for all that an incremental model reads by whole tables, and for its own code: when it differs, all owners
    are due. Of the run's own row only what a model may read here counts; the clock would make everything new each time.
-#}
{% macro made_of(sql, whole) -%}
    select md5(concat_ws(
        '|',
        '{{ local_md5(sql) }}'
        {%- for unique_id in whole | sort %},
        (
            {%- if unique_id == 'source.crm.rules.run' %}
            select concat_ws(':', shared.business_zone, shared.salesforce_zone, shared.window_days, shared.company_currency)
            {%- else %}
            select concat_ws(':', count(*), sum(hash(shared)))
            {%- endif %}
            from {{ input_relation(unique_id) }} as shared
        )
        {%- endfor %}
    ))
{%- endmacro %}

{#- Each owner and the sum of the hashes of its rows in every input: rows that come, go or change make another sum. -#}
{% macro owners_now(owner, inputs) -%}
    select
        owned.owner,
        sum(owned.hashed) as fingerprint,
        count(*) as input_rows
    from (
        {%- for unique_id in inputs | sort %}
        select
            {{ owner }} as owner,
            hash('{{ unique_id }}', input) as hashed
        from {{ input_relation(unique_id) }} as input
        {%- if not loop.last %}
        union all
        {%- endif %}
        {%- endfor %}
    ) as owned
    where owned.owner is not null
    group by owned.owner
{%- endmacro %}
