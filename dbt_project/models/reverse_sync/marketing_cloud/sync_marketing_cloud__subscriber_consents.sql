-- Whoever refuses e-mail anywhere is off All Subscribers, under every key. Who was, and is not opted out, has agreed
-- again (int_consents lifts a refusal by a newer recorded consent only). Bounced and held ones are left as they are.
select
    existing.record_id,
    existing.record_key,
    existing.person_id,
    case
        when consents.consent = 'opted_out' then 'Unsubscribed'
        when existing.status = 'Unsubscribed' then 'Active'
    end as "Status"
from {{ ref('existing_marketing_cloud__subscriber_consents') }} as existing
inner join {{ ref('int_person_consents') }} as consents on existing.person_id = consents.person_id
