{{ config(
    materialized='incremental', unique_key='person_id', summed_by=['channel', 'month'], follows=['int_touches'],
    owned={'run': touches_to_come()}
) }}
-- Who is due is asked before what the clock leaves out, which makes a plan take many for few.
with touches as materialized (
    select
        channel,
        day,
        person_id,
        occurred_at
    from {{ ref('int_touches') }}
    where {{ is_due('person_id') }} and is_counted and earns_credit
)

select
    channel,
    cast(date_trunc('month', day) as date) as month,
    count(*) as touches,
    count(distinct person_id) as leads
from touches
where occurred_at <= {{ run_value('as_of') }}
group by all
