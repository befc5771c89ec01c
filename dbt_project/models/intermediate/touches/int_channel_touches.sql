{{ config(
    materialized='incremental', unique_key='person_id', summed_by=['channel', 'month'], follows=['int_touches'],
    owned={'run': touches_to_come()}
) }}
select
    channel,
    cast(date_trunc('month', day) as date) as month,
    count(*) as touches,
    count(distinct person_id) as leads
from {{ ref('int_touches') }}
where {{ is_row_due(ref('int_touches'), 'person_id') }} and is_counted and earns_credit and occurred_at <= {{ run_value('as_of') }}
group by all
