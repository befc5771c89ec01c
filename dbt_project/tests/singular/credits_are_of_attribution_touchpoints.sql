-- Who has credit is a touch that counts (attribution_touchpoints are these, with what is known of their people and campaigns).
-- What the comment names is for the materialization of tests; a touch that counts is a person's, whatever record it is of.
with given as (
    select
        opportunity_id,
        touchpoint_id,
        model,
        person_id,
        cast(null as varchar) as record_key
    from {{ ref('int_rule_based_credits') }}
),

credited as (
    select
        opportunity_id,
        touchpoint_id,
        model
    from given
    /* int_rule_based_credits, int_touches */
)

select *
from credited
where not exists (
    select 1
    from {{ ref('int_touches') }} as touches
    where touches.is_counted and credited.touchpoint_id = touches.touchpoint_id
)
