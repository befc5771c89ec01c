-- A record at either end says whose link it is: what ties two records ties them into one, and one of them may be gone.
-- Joined by keys, for a condition on two columns compares each with each.
with linked as (
    {% for entity in ['person', 'account', 'opportunity'] %}
        select
            '{{ entity }}' as entity,
            coalesce(lefts.{{ entity }}_id, rights.{{ entity }}_id) as id,
            links.*
        from {{ ref('int_' ~ entity ~ '_links') }} as links
        left join {{ ref('int_' ~ entity ~ '_members') }} as lefts on links.left_key = lefts.record_key
        left join {{ ref('int_' ~ entity ~ '_members') }} as rights on links.right_key = rights.record_key
        where links.verdict = 'joined' and coalesce(lefts.{{ entity }}_id, rights.{{ entity }}_id) is not null
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
