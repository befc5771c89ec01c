{{ config(
    materialized='incremental', unique_key='person_id', summed_by=['channel', 'month'], follows=['int_touches'],
    owned={'run': touches_to_come()}
) }}
select
    touches.channel,
    cast(date_trunc('month', touches.day) as date) as month,
    count(*) as touches,
    count(distinct touches.person_id) as leads
from (
    select * from {{ ref('int_touches') }}
    where {{ is_due('person_id') }} and is_counted and earns_credit
) as touches
-- As in int_person_touches: a subquery's value would have DuckDB join the wrong way round.
cross join {{ source('rules', 'run') }} as run
where touches.occurred_at <= run.as_of
group by all
