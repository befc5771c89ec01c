-- What the marts attribution_touchpoints and lead_score_points, which are views, promise to be there always. Column by column:
-- of one that lacks nothing no row is read.
{%- set touched = ['person_id', 'occurred_at', 'channel', 'touch_type', 'is_response', 'earns_credit', 'record_key', 'source_record_key'] %}
{%- for column in touched %}
select 'touch ' || touchpoint_id as wanting
from {{ ref('int_touches') }}
where is_counted and {{ column }} is null
union all
{%- endfor %}
select 'points ' || person_id || ' ' || rule
from {{ ref('int_score_points') }}
where kind is null or points is null
