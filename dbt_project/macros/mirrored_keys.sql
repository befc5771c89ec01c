{#- The two records of each pair that a mapping keeps in step, while both are there: what people change in one
    of them is carried to the other, and is no reason to take them for two. A record that was merged away is the
    one that it became. -#}
{% macro mirrored_keys(records) %}
    select
        left_records.record_key,
        'mirrored' as kind,
        right_records.record_key as value
    from {{ source('rules', 'mirrored_pairs') }} as pairs
    left join {{ ref('int_merges') }} as left_merges on pairs.left_key = left_merges.merged_key
    left join {{ ref('int_merges') }} as right_merges on pairs.right_key = right_merges.merged_key
    inner join {{ records }} as left_records
        on coalesce(left_merges.survivor_key, pairs.left_key) = left_records.record_key
    inner join {{ records }} as right_records
        on coalesce(right_merges.survivor_key, pairs.right_key) = right_records.record_key
{% endmacro %}
