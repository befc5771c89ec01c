select
    resolved.record_key,
    resolved.person_id,
    resolved.matched_by,
    resolved.joined_at
from {{ ref('int_people_resolved') }} as resolved
inner join {{ ref('int_person_records') }} as records on resolved.record_key = records.record_key
where resolved.kind = 'record'
