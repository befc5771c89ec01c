select
    contacts.contact_id as record_id,
    contacts.record_key,
    members.person_id,
    contacts.account_id as parent_id,
    cast(contacts.lead_score as bigint) as "Lead_Score__c",
    contacts.owner_id as "OwnerId",
    contacts.first_touch_source as "First_Touch_Source__c",
    contacts.first_touch_campaign as "First_Touch_Campaign__c",
    contacts.last_touch_source as "Last_Touch_Source__c",
    cast(contacts.touch_count as bigint) as "Touch_Count__c",
    contacts.attributed_revenue as "Attributed_Revenue__c",
    contacts.first_touch_medium as "First_Touch_Medium__c",
    contacts.first_touch_content as "First_Touch_Content__c",
    contacts.last_touch_medium as "Last_Touch_Medium__c",
    contacts.last_touch_content as "Last_Touch_Content__c"
from {{ ref('stg_salesforce__contacts') }} as contacts
inner join {{ ref('int_person_members') }} as members on contacts.record_key = members.record_key
