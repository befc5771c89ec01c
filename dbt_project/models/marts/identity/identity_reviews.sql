-- Records of deals that nothing ties to another: few, and looked for before pairs are joined to them.
with untied as (
    select
        record_key,
        opportunity_id
    from {{ ref('int_opportunity_members') }}
    where
        opportunity_id not in (
            select members.opportunity_id
            from {{ ref('int_opportunity_members') }} as members
            where members.matched_by != 'founder'
        )
),

{% for entity in ['person', 'account', 'opportunity'] %}
    {{ entity }}_links as (
        select
            verdict,
            left_key,
            right_key,
            kind,
            value,
            records,
            match_probability,
            match_weight,
            waterfall
        from {{ ref('int_' ~ entity ~ '_links') }}
        -- The first is asked before the other columns of a row are read.
        where verdict != 'joined' and verdict in ('refused', 'contradiction', 'shared', 'crowded', 'review')
    ),

    -- Of the few that are asked about: of all, to look them up would be most of the work.
    {{ entity }}_members as (
        select
            record_key,
            {{ entity }}_id
        from {{ ref('int_' ~ entity ~ '_members') }}
        where
            record_key in (
                select unnest([links.left_key, links.right_key])
                from {{ entity }}_links as links
                where links.verdict = 'review'
            )
    ),
{% endfor %}

found as (
    {% for entity in ['person', 'account', 'opportunity'] %}
        select
            '{{ entity }}' as entity,
            links.verdict as reason,
            links.left_key,
            links.right_key,
            links.kind,
            links.value,
            links.records,
            links.match_probability,
            links.match_weight,
            links.waterfall
        from {{ entity }}_links as links
        left join {{ entity }}_members as left_members on links.left_key = left_members.record_key
        left join {{ entity }}_members as right_members on links.right_key = right_members.record_key
        where
            links.verdict != 'review'
            or left_members.{{ entity }}_id is distinct from right_members.{{ entity }}_id

        union all

    {% endfor %}
    select
        'opportunity' as entity,
        'review' as reason,
        pairs.left_key,
        pairs.right_key,
        'composite' as kind,
        array_to_string(pairs.agreements, ', ') as value,
        cast(null as bigint) as records,
        cast(null as double) as match_probability,
        cast(null as double) as match_weight,
        cast(null as varchar) as waterfall
    from {{ ref('int_opportunity_pairs') }} as pairs
    inner join untied as left_members on pairs.left_key = left_members.record_key
    inner join untied as right_members on pairs.right_key = right_members.record_key
    where
        left_members.opportunity_id != right_members.opportunity_id
        and len(pairs.agreements) >= (
            select cast(policy.value as integer)
            from {{ source('rules', 'identity') }} as policy
            where policy.setting = 'review_when'
        )
)

-- What somebody has settled is not asked again.
select distinct
    {{ short_hash("concat_ws('|', found.entity, found.reason, found.left_key, found.right_key, found.kind, found.value)") }} as review_id,
    found.entity,
    found.reason,
    found.left_key,
    found.right_key,
    found.kind,
    found.value,
    found.records,
    found.match_probability,
    found.match_weight,
    found.waterfall
from found
left join {{ source('rules', 'identity_decisions') }} as decided
    on found.left_key = decided.left_key and found.right_key = decided.right_key
where decided.left_key is null or found.reason = 'contradiction'
