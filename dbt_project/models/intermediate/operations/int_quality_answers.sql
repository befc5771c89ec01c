with written as (
    select distinct
        record_key,
        lower(field) as field,
        after_value
    from {{ source('ops', 'journal') }}
    where state = 'confirmed' and settled_at >= {{ run_value('as_of') }}
),

-- What this run has written is no difference any more.
differences as (
    select
        found.entity,
        found.field,
        found.left_key,
        to_left.record_key is not null or to_right.record_key is not null as is_written
    from {{ source('ops', 'mapping_differences') }} as found
    left join written as to_left
        on
            found.left_key = to_left.record_key
            and lower(found.field_left) = to_left.field
            and found.wish_left = to_left.after_value
    left join written as to_right
        on
            found.right_key = to_right.record_key
            and lower(found.field_right) = to_right.field
            and found.wish_right = to_right.after_value
)

-- The answers of single records, kept only where a check does not hold; data_quality counts them against all asked.
{% for object, key, dimension, field, asked, held in quality_checks() %}
    select
        '{{ object }}' as object,
        '{{ dimension }}' as dimension,
        '{{ field }}' as field,
        {{ key }} as record_id
    from {{ ref(object) }}
    where ({{ asked }}) and ({{ held }}) is not true
    union all
{%- endfor %}
-- After a sync both CRMs say the same of every mapped field of two records that are one.
select
    {{ mart_of('differences.entity') }} as object,
    'accuracy' as dimension,
    differences.field,
    differences.left_key as record_id
from differences
where not differences.is_written

union all

-- After a sync both CRMs say the same of a person who is in both.
select
    'unified_leads' as object,
    'accuracy' as dimension,
    'lead_score in both CRMs' as field,
    person_id as record_id
from {{ ref('int_scores_in_both') }}
where not is_same
