{{ config(
    materialized='incremental', changed_rows_only=true, unique_key='record_key', on_schema_change='fail',
    follows=['int_person_records', 'int_person_members']
) }}
select
    members.record_key,
    records.vendor as source,
    records.object as source_object,
    records.record_id as source_id,
    members.person_id,
    members.matched_by,
    members.match_probability,
    members.joined_at,
    members.through_key as through_record_key
from {{ ref('int_person_members') }} as members
inner join {{ ref('int_person_records') }} as records on members.record_key = records.record_key
where {{ is_owner_due('members.record_key') }}
