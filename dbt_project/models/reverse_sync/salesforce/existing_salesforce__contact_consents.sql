select
    records.contact_id as record_id,
    records.record_key,
    members.person_id,
    coalesce(records.is_opted_out, false) as "HasOptedOutOfEmail"
from {{ ref('stg_salesforce__contacts') }} as records
inner join {{ ref('int_person_members') }} as members on records.record_key = members.record_key
