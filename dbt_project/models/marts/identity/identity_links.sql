{%- set with_members -%}
    left join {int_ENTITY_members} as lefts on links.left_key = lefts.record_key
    left join {int_ENTITY_members} as rights on links.right_key = rights.record_key
{%- endset -%}
{%- set of_people -%}
    select left_key as owner from {int_person_links} where left_key in {due} or right_key in {due}
    union all
    select left_key as owner from {this} where left_key in {due} or right_key in {due}
{%- endset -%}
{{ config(
    materialized='incremental', unique_key='left_key', on_schema_change='fail',
    owned={
        'int_account_links': "
            select links.left_key as owner, hash(links, lefts.account_id, rights.account_id) as hashed
            from {int_account_links} as links " ~ with_members | replace('ENTITY', 'account') ~ " where links.verdict = 'joined'",
        'int_opportunity_links': "
            select links.left_key as owner, hash(
                links, lefts.opportunity_id, rights.opportunity_id, pairs.left_key, pairs.agreements
            ) as hashed
            from {int_opportunity_links} as links " ~ with_members | replace('ENTITY', 'opportunity') ~ "
            left join {int_opportunity_pairs} as pairs
                on links.left_key = pairs.left_key and links.right_key = pairs.right_key
            where links.verdict = 'joined'"
    },
    through={'int_person_links': of_people, 'int_person_members': of_people},
    vouched_for=['int_account_members', 'int_opportunity_members', 'int_opportunity_pairs']
) }}
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
