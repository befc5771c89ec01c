{{ config(
    materialized='incremental', changed_rows_only=true, unique_key='person_id', follows=['int_score_cohorts', 'int_touches']
) }}
with subjects as (
    select * from {{ ref('int_score_cohorts') }}
    where {{ is_owner_due('person_id') }}
),

{{ score_points('subjects') }},

scored as (
    select
        subject_id,
        {{ score_of('points') }} as lead_score
    from score_points
    group by subject_id
)

select
    subjects.subject_id,
    subjects.person_id,
    subjects.scored_on,
    subjects.is_converted,
    coalesce(scored.lead_score, 0) as lead_score
from subjects
left join scored on subjects.subject_id = scored.subject_id
