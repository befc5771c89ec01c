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
-- After a sync both CRMs say the same of a person who is in both.
select
    'unified_leads' as object,
    'accuracy' as dimension,
    'lead_score in both CRMs' as field,
    person_id as record_id
from {{ ref('int_scores_in_both') }}
where not is_same
