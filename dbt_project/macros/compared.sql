{#-
    How a model's owners are compared with what they were made of: what is kept of them in `incremental.<model>`, and who moved. What
    is done with those is in who_is_due.sql.
-#}

{#- What is compared, each as SQL of `owner` and `hashed`. -#}
{% macro what_is_compared(owner, read) -%}
    {%- set found = [] -%}
    {%- for unique_id in read.inputs | sort -%}
        {%- do found.append((
            unique_id, 'select ' ~ owner ~ ' as owner, hash(input) as hashed from ' ~ input_relation(unique_id) ~ ' as input'
        )) -%}
    {%- endfor -%}
    {%- for unique_id in read.owned | sort -%}
        {%- do found.append((unique_id, with_relations(config.get('owned')[unique_id.split('.')[-1]], read.named))) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#-
    Of those that are compared, whose version (versions.sql) is another than where they were last: `read.anew`; `read.seen` is what
    is kept of that. Of what a SQL names all is looked at. A version that is not known is another each time.
-#}
{% macro compare_what_is_new(owner, read) -%}
    {%- for unique_id, asked in what_is_compared(owner, read) -%}
        {%- set name = unique_id.split('.')[-1] -%}
        {%- set named = [unique_id] -%}
        {%- for other in model.depends_on.nodes if name in config.get('owned', {}) and '{' ~ other.split('.')[-1] ~ '}' in config.get('owned')[name] -%}
            {%- do named.append(other) -%}
        {%- endfor -%}
        {%- do read.seen.update({unique_id: versions.seen(named, asked) if versions is defined else none}) -%}
        {%- do read.anew.append(unique_id) -%}
    {%- endfor -%}
    {{ return(read) }}
{%- endmacro %}

{#-
    Each owner and the sum of the hashes of its rows, by input: rows that come, go or change make another sum. An owner is known
    by the hash of its name: of millions of names, to carry them is most of what comparing costs.
-#}
{% macro owners_now(owner, read) -%}
    {%- for unique_id, asked in what_is_compared(owner, read) if unique_id in read.anew %}
    select
        hash(asked.owner) as owner,
        hash('{{ unique_id }}') as input_hash,
        sum(hash(asked.hashed)) as fingerprint,
        count(*) as input_rows
    from ({{ asked }}) as asked
    where asked.owner is not null
    group by hash(asked.owner)
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
{%- endmacro %}

{#- Of whom there is something else in an input now than there was, or nothing any more: then `input_rows` is null. -#}
{% macro who_moved(owner, read) -%}
    select
        coalesce(now.owner, before.owner) as owner_hash,
        coalesce(now.input_hash, before.input_hash) as input_hash,
        now.fingerprint,
        now.input_rows
    from ({{ owners_now(owner, read) }}) as now
    full outer join (
        select * from {{ known_owners() }}
        where input_hash in ({% for unique_id in read.anew %}hash('{{ unique_id }}'){% if not loop.last %}, {% endif %}{% endfor %})
    ) as before on now.owner = before.owner and now.input_hash = before.input_hash
    where
        now.fingerprint is distinct from before.fingerprint
        or now.input_rows is distinct from before.input_rows
{%- endmacro %}

{#- In a build of everything what is there now is asked of first here, unless it was asked who moved. -#}
{% macro keep_what_was_compared(owner, read, asked) -%}
    {%- if not asked %}
        create or replace table {{ known_owners() }} as {{ owners_now(owner, read) }};
    {%- elif read.anew %}
        delete from {{ known_owners() }} as known using {{ temporary('moved') }} as moved
        where known.owner = moved.owner_hash and known.input_hash = moved.input_hash;
        insert into {{ known_owners() }} by name
        select moved.owner_hash as owner, moved.input_hash, moved.fingerprint, moved.input_rows
        from {{ temporary('moved') }} as moved
        where moved.input_rows is not null;
    {%- endif %}
{%- endmacro %}
