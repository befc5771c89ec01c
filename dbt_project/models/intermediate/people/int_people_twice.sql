{{ config(
    materialized='incremental', unique_key='person_id', through={'int_person_members': people_with('{due}')},
    vouched_for=['int_person_records'], owners_in='int_person_members'
) }}
-- A converted lead is its contact's past, and Salesforce merges no such lead.
with placed as (
    select
        members.person_id,
        records.vendor,
        records.object,
        records.record_key,
        records.record_id,
        members.matched_by,
        members.match_probability
    from {{ ref('int_person_members') }} as members
    inner join {{ ref('int_person_records') }} as records on members.record_key = records.record_key
    where not records.is_converted and {{ is_owner_due('members.person_id') }}
),

-- Nearly everybody is once in each: only the others are sorted.
several as (
    select hash(person_id, vendor, object) as place
    from placed
    group by hash(person_id, vendor, object)
    having count(*) > 1
)

select *
from placed
where hash(person_id, vendor, object) in (select several.place from several)
qualify count(*) over (partition by person_id, vendor, object) > 1
