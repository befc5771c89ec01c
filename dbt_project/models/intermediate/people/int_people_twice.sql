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
)

{{ several_of_one('placed', 'person_id') }}
