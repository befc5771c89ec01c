-- What the marts attribution_touchpoints and lead_score_points, which are views, promise to be there always.
select 'touch ' || touchpoint_id as wanting
from {{ ref('int_touches') }}
where
    is_counted and (
        person_id is null or occurred_at is null or channel is null or touch_type is null or is_response is null
        or earns_credit is null or record_key is null or source_record_key is null
    )
union all
select 'points ' || person_id || ' ' || rule
from {{ ref('int_score_points') }}
where kind is null or points is null
