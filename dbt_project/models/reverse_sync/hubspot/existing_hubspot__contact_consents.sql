-- HubSpot keeps consent by address, so a contact without one has nothing to refuse.
select
    contacts.contact_id as record_id,
    contacts.record_key,
    members.person_id,
    coalesce(contacts.is_opted_out, false) as hs_email_optout
from {{ ref('stg_hubspot__contacts') }} as contacts
inner join {{ ref('int_person_members') }} as members on contacts.record_key = members.record_key
where contacts.email is not null
