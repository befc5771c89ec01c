-- A record at either end says whose link it is; joined by keys, for a condition on two columns compares each with each.
with linked as (
    select
        'person' as entity,
        members.person_id as id,
        links.*
    from (
        select
            *,
            unnest([left_key, right_key]) as end_key
        from {{ ref('int_person_links') }}
        where verdict = 'joined'
    ) as links
    inner join {{ ref('int_person_members') }} as members on links.end_key = members.record_key

    union all

    select
        'account' as entity,
        members.account_id as id,
        links.*
    from (
        select
            *,
            unnest([left_key, right_key]) as end_key
        from {{ ref('int_account_links') }}
        where verdict = 'joined'
    ) as links
    inner join {{ ref('int_account_members') }} as members on links.end_key = members.record_key

    union all

    select
        'opportunity' as entity,
        members.opportunity_id as id,
        links.*
    from (
        select
            *,
            unnest([left_key, right_key]) as end_key
        from {{ ref('int_opportunity_links') }}
        where verdict = 'joined'
    ) as links
    inner join {{ ref('int_opportunity_members') }} as members on links.end_key = members.record_key
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
