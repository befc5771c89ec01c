-- A flag that stands refuses for the whole person (int_consents), unless a newer recorded consent has lifted it: a
-- person who has the flag and is not opted out has agreed again.
select
    existing.record_id,
    existing.record_key,
    existing.person_id,
    case
        when consents.consent = 'opted_out' then true
        when existing.hasoptedoutofemail then false
    end as "HasOptedOutOfEmail"
from {{ ref('existing_salesforce__lead_consents') }} as existing
inner join {{ ref('int_person_consents') }} as consents on existing.person_id = consents.person_id
