select
    members.record_key,
    records.vendor as source,
    records.object as source_object,
    records.record_id as source_id,
    members.account_id,
    members.matched_by,
    members.match_probability,
    members.joined_at,
    members.through_key as through_record_key
from {{ ref('int_account_members') }} as members
inner join {{ ref('int_account_records') }} as records on members.record_key = records.record_key
