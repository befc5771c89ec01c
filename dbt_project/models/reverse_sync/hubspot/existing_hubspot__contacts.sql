select
    contacts.contact_id as record_id,
    contacts.record_key,
    members.person_id,
    contacts.lead_score,
    contacts.lifecycle_stage as lifecyclestage,
    contacts.owner_id as hubspot_owner_id,
    contacts.first_touch_source,
    contacts.first_touch_campaign,
    contacts.last_touch_source,
    contacts.touch_count,
    contacts.attributed_revenue,
    contacts.first_touch_medium,
    contacts.first_touch_content,
    contacts.last_touch_medium,
    contacts.last_touch_content
from {{ ref('stg_hubspot__contacts') }} as contacts
inner join {{ ref('int_person_members') }} as members on contacts.record_key = members.record_key
