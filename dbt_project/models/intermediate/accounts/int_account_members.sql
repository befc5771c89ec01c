select
    resolved.record_key,
    resolved.id as account_id,
    resolved.matched_by,
    resolved.match_probability,
    resolved.joined_at,
    resolved.through_key
from {{ ref('int_accounts_resolved') }} as resolved
inner join {{ ref('int_account_records') }} as records on resolved.record_key = records.record_key
where resolved.kind = 'record'
