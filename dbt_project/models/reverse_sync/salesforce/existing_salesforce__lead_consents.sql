select
    records.lead_id as record_id,
    records.record_key,
    members.person_id,
    coalesce(records.is_opted_out, false) as "HasOptedOutOfEmail"
from {{ ref('stg_salesforce__leads') }} as records
inner join {{ ref('int_person_members') }} as members on records.record_key = members.record_key
where not coalesce(records.is_converted, false)
