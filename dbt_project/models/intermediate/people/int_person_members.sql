{{ config(
    materialized='incremental', changed_rows_only=true, unique_key='record_key', follows=['int_people_resolved', 'int_person_records'],
    gone=['record_key', 'person_id']
) }}

select
    resolved.record_key,
    resolved.id as person_id,
    resolved.matched_by,
    resolved.match_probability,
    resolved.joined_at,
    resolved.through_key
from {{ ref('int_people_resolved') }} as resolved
inner join {{ ref('int_person_records') }} as records on resolved.record_key = records.record_key
where resolved.kind = 'record' and {{ is_owner_due('resolved.record_key') }}
