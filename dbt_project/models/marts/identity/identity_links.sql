{#- Whose links are of records in `{due}`, as they are and as they stand here: of records of each group that a link touched. -#}
{%- set through = {} -%}
{%- for entity, resolved in [
    ('person', 'int_people_resolved'),
    ('account', 'int_accounts_resolved'),
    ('opportunity', 'int_opportunities_resolved')
] -%}
    {%- set touched = '(left_key in {due} or right_key in {due})' -%}
    {%- do through.update({
        resolved: "
            select left_key as owner from {int_" ~ entity ~ "_links} where " ~ touched ~ "
            union all
            select left_key as owner from {this} where entity = '" ~ entity ~ "' and " ~ touched
    }) -%}
{%- endfor -%}
{{ config(
    materialized='incremental', changed_rows_only=true, unique_key='left_key', on_schema_change='fail', through=through,
    follows=['int_opportunity_pairs'],
    vouched_for=[
        'int_person_links', 'int_account_links', 'int_opportunity_links',
        'int_person_members', 'int_account_members', 'int_opportunity_members'
    ]
) }}
{{ also_reads('int_people_resolved', 'int_accounts_resolved', 'int_opportunities_resolved') }}
-- A record at either end says whose link it is: what ties two records ties them into one, and one of them may be gone.
-- Joined by keys, for a condition on two columns compares each with each.
with linked as (
    {% for entity in ['person', 'account', 'opportunity'] %}
        select
            '{{ entity }}' as entity,
            coalesce(lefts.{{ entity }}_id, rights.{{ entity }}_id) as id,
            links.*
        -- Who is due is asked first: behind the joins it would be asked of every link.
        from (
            select * from {{ ref('int_' ~ entity ~ '_links') }}
            where verdict = 'joined' and {{ is_due('left_key') }}
        ) as links
        left join {{ ref('int_' ~ entity ~ '_members') }} as lefts on links.left_key = lefts.record_key
        left join {{ ref('int_' ~ entity ~ '_members') }} as rights on links.right_key = rights.record_key
        where coalesce(lefts.{{ entity }}_id, rights.{{ entity }}_id) is not null
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}
),

-- Of two deals that one was made of by what agrees, that is what they share.
told as (
    select
        linked.* exclude (value),
        case
            when linked.kind = 'composite' then array_to_string(pairs.agreements, ', ')
            else linked.value
        end as value
    from linked
    left join {{ ref('int_opportunity_pairs') }} as pairs
        on linked.left_key = pairs.left_key and linked.right_key = pairs.right_key
)

select
    {{ short_hash("concat_ws('|', entity, left_key, right_key, kind, value)") }} as link_id,
    entity,
    id,
    left_key,
    right_key,
    kind,
    value,
    match_probability,
    match_weight,
    waterfall
from told
