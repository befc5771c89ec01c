{{ config(
    materialized='incremental', unique_key='person_id', on_schema_change='fail', follows=['int_score_points']
) }}
select
    person_id,
    rule,
    kind,
    points,
    touches,
    last_at,
    why
from {{ ref('int_score_points') }}
where {{ is_due('person_id') }}
