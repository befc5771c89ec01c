-- A record at either end says whose link it is; joined by keys, for a condition on two columns compares each with each.
with linked as (
    {% for entity in ['person', 'account', 'opportunity'] %}
        select
            '{{ entity }}' as entity,
            members.{{ entity }}_id as id,
            links.*
        from (
            select
                *,
                unnest([left_key, right_key]) as end_key
            from {{ ref('int_' ~ entity ~ '_links') }}
            where verdict = 'joined'
        ) as links
        inner join {{ ref('int_' ~ entity ~ '_members') }} as members on links.end_key = members.record_key
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

select distinct
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
