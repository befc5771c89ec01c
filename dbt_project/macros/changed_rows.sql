{#-
    How the materialization incremental (materializations/incremental.sql) writes the rows of owners that are due: all of them, or, of a
    model that is `changed_rows_only`, those that come out as others than they were. Somebody with one new touch of twenty has
    twenty worked out, and one written.
-#}

{% macro rows_of_those_due(target_relation, owner) -%}
    {%- if config.get('changed_rows_only') -%}
        {{ changed_rows(target_relation, owner) }}
    {%- else -%}
        {{ taken_out(target_relation, owner) }}
        insert into {{ target_relation }} by name
        {{ compiled_code }}
    {%- endif -%}
{%- endmacro %}

{#- The places of rows of those who are due; where their columns are read later, these are kept until somebody is due again. -#}
{% macro rows_as_they_were(target_relation, owner, beside='') -%}
    {%- set gone = config.get('gone') -%}
    create or replace {{ 'table' if gone else 'temp table' }} {{ places_of_what_was() }} as
    select {% if gone %}{{ gone | join(', ') }}, {% endif -%} rowid as place {{- beside }}
    from {{ target_relation }}
    where {{ owner }} in {{ those_due() }};
{%- endmacro %}

{% macro places_of_what_was() -%}
    {{ return(gone_from(this.identifier) if config.get('gone') else temporary('was')) }}
{%- endmacro %}

{#- All rows of those who are due. -#}
{% macro taken_out(target_relation, owner) -%}
    {%- if config.get('gone') -%}
        {{ rows_as_they_were(target_relation, owner) }}
        delete from {{ target_relation }} where rowid in (select gone.place from {{ gone_from(this.identifier) }} as gone);
    {%- else -%}
        delete from {{ target_relation }} where {{ owner }} in {{ those_due() }};
    {%- endif -%}
{%- endmacro %}

{#-
    A row is known by the hash of all its columns, each of the type that the table has: the same number of another type has
    another hash. No two rows are alike in all of them, for every such model has a key. What comes out as it was is not written
    anywhere: of what is made only the rest is held, beside the places of rows that are not made any more. Where it
    `tells_of_changed_only`, those that follow are told of the owners of these: of a model whose followers read nothing of somebody
    that they are not told of otherwise.
-#}
{% macro changed_rows(target_relation, owner) -%}
    {%- set columns = adapter.get_columns_in_relation(target_relation) -%}
    {%- set names = columns | map(attribute='quoted') | join(', ') -%}
    {%- set tells = config.get('tells_of_changed_only') -%}
    {%- set was = places_of_what_was() -%}
    {%- set beside = ', hash(' ~ names ~ ') as hashed' ~ (', ' ~ owner ~ ' as owner_of_row' if tells else '') -%}
    {{ rows_as_they_were(target_relation, owner, beside) }}
    create or replace temp table {{ this.identifier }}__made as
    with made as materialized (
        select
            {%- for column in columns %}
            cast({{ column.quoted }} as {{ column.dtype }}) as {{ column.quoted }} {%- if not loop.last %},{% endif %}
            {%- endfor %}
        from (
            {{ compiled_code }}
        )
    )
    select made.*, cast(null as bigint) as place {%- if tells %}, {{ owner }} as owner_of_row {%- endif %} from made
    where hash({{ names }}) not in (select was.hashed from {{ was }} as was)
    union all by name
    select was.place {%- if tells %}, was.owner_of_row {%- endif %} from {{ was }} as was
    where was.hashed not in (select hash({{ names }}) from made);
    delete from {{ target_relation }}
    where rowid in (select made.place from {{ temporary('made') }} as made where made.place is not null);
    insert into {{ target_relation }} by name
    select {{ names }} from {{ temporary('made') }} where place is null
    {%- if tells %};
    create or replace table {{ due_owners() }} as select distinct owner_of_row as owner from {{ temporary('made') }}
    {%- endif %}
{%- endmacro %}
