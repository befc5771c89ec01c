{{ config(materialized='view') }}

select
    person_id,
    rule,
    kind,
    points,
    touches,
    last_at,
    why
from {{ ref('int_score_points') }}
