-- A converted lead can no longer be edited; the contact it became takes its place.
select
    leads.lead_id as record_id,
    leads.record_key,
    members.person_id,
    cast(leads.lead_score as bigint) as "Lead_Score__c",
    leads.canonical_status as "Lead_Status__c",
    leads.owner_id as "OwnerId",
    leads.first_touch_source as "First_Touch_Source__c",
    leads.first_touch_campaign as "First_Touch_Campaign__c",
    leads.last_touch_source as "Last_Touch_Source__c",
    cast(leads.touch_count as bigint) as "Touch_Count__c",
    leads.attributed_revenue as "Attributed_Revenue__c",
    leads.first_touch_medium as "First_Touch_Medium__c",
    leads.first_touch_content as "First_Touch_Content__c",
    leads.last_touch_medium as "Last_Touch_Medium__c",
    leads.last_touch_content as "Last_Touch_Content__c"
from {{ ref('stg_salesforce__leads') }} as leads
inner join {{ ref('int_person_members') }} as members on leads.record_key = members.record_key
where not coalesce(leads.is_converted, false)
