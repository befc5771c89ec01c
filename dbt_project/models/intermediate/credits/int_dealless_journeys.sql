{{ config(
    materialized='incremental', changed_rows_only=true, unique_key='person_id', follows=['int_touches'], named_by='int_touches',
    owned={
        'int_opportunity_people': 'select distinct person_id as owner, true as hashed from {int_opportunity_people}',
        'run': touches_to_come('>=')
    }
) }}
-- Of people who came to no deal, by each basis of the data-driven models, what they did that earns: they have not converted.
-- Whose touches are due is asked before what the clock leaves out, which makes a plan take many for few.
with touches as materialized (
    select
        person_id,
        touchpoint_id,
        channel,
        touch_type,
        occurred_at
    from {{ ref('int_touches') }}
    where {{ is_due('person_id') }} and is_counted and earns_credit
)

select
    touches.person_id,
    bases.basis,
    list(touches.channel order by touches.occurred_at, touches.touchpoint_id) as path
from touches
inner join {{ source('rules', 'attribution_bases') }} as bases
    on
        bases.basis in {{ data_driven_bases() }}
        and bases.eligibility = 'earning'
        and (len(bases.only_touch_types) = 0 or list_contains(bases.only_touch_types, touches.touch_type))
        and not list_contains(bases.without_channels, touches.channel)
where
    touches.occurred_at < {{ run_value('as_of') }}
    and touches.person_id not in (
        select taking_part.person_id from {{ ref('int_opportunity_people') }} as taking_part
    )
group by touches.person_id, bases.basis
