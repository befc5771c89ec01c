{%- set records = 'select record_key as owner from {int_person_registry} where hash(record_key) in {due}' -%}
{{ config(
    materialized='incremental', changed_rows_only=true, unique_key='record_key', follows=['int_people_resolved'], named_by='int_task_touches',
    through={'int_sales_meetings': records, 'int_task_touches': records}, vouched_for=['int_person_registry'],
    owned={
        'run': '
            select tasks.record_key as owner, hash(tasks.source_record_key) as hashed
            from {int_task_touches} as tasks
            where tasks.occurred_at > (select run.as_of from {run} as run)'
    }
) }}
{{ also_reads('int_people_resolved') }}
-- What sales did with a record of a person and the lead noticed.
with told as (
    select
        record_key,
        source_record_key,
        kind,
        occurred_at
    from {{ ref('int_sales_meetings') }}
    where {{ is_due('record_key') }}

    union all

    select
        record_key,
        source_record_key,
        touch_type as kind,
        occurred_at
    from {{ ref('int_task_touches') }}
    where touch_type in ('call', 'email', 'meeting') and {{ is_due('record_key') }}
)

select
    members.person_id,
    told.record_key,
    told.source_record_key,
    told.kind,
    told.occurred_at
from told
inner join {{ ref('int_person_registry') }} as members on told.record_key = members.record_key
where told.occurred_at <= {{ run_value('as_of') }}
