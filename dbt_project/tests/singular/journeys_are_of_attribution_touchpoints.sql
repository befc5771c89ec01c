-- Each touch of a journey counts, and is there once: so it is with the credit that data-driven models give, of which no rows
-- are kept. What the comment names is for the materialization of tests; a touch that counts is a person's, whatever record it is of.
with met as (
    select
        opportunity_id,
        basis,
        unnest(touchpoint_ids) as touchpoint_id,
        unnest(person_ids) as person_id,
        cast(null as varchar) as record_key
    from {{ ref('int_credit_journeys') }}
),

asked as (
    select * from met
    /* int_credit_journeys, int_touches */
)

select
    asked.opportunity_id,
    asked.basis,
    asked.touchpoint_id
from asked
left join {{ ref('int_touches') }} as touches on asked.touchpoint_id = touches.touchpoint_id and touches.is_counted
group by all
having count(*) > 1 or bool_or(touches.touchpoint_id is null)
