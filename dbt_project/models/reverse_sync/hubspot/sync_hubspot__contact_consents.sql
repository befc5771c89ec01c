-- An opt-out is carried here, never an opt-in: HubSpot lets only the person subscribe again.
select
    existing.record_id,
    existing.record_key,
    existing.person_id,
    case when consents.consent = 'opted_out' then true end as hs_email_optout
from {{ ref('existing_hubspot__contact_consents') }} as existing
inner join {{ ref('int_person_consents') }} as consents on existing.person_id = consents.person_id
