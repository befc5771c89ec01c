-- Who has credit is a touch that counts (attribution_touchpoints are these, with what is known of their people and campaigns).
-- What the comment names is for the materialization of tests.
with credited as (
    select
        opportunity_id,
        touchpoint_id,
        model
    from {{ ref('int_rule_based_credits') }}
    /* int_rule_based_credits, int_touches */
)

select *
from credited
where touchpoint_id not in (select touches.touchpoint_id from {{ ref('int_touches') }} as touches where touches.is_counted)
