{{ config(
    materialized='incremental', unique_key='record_key', follows=['int_opportunities_resolved', 'int_opportunity_records']
) }}

select
    resolved.record_key,
    resolved.id as opportunity_id,
    resolved.matched_by,
    resolved.match_probability,
    resolved.joined_at,
    resolved.through_key
from {{ ref('int_opportunities_resolved') }} as resolved
inner join {{ ref('int_opportunity_records') }} as records on resolved.record_key = records.record_key
where resolved.kind = 'record' and {{ is_owner_due('resolved.record_key') }}
