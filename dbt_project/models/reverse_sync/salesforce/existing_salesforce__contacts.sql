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
    cast({{ column_if_there(source('raw_salesforce', 'contact'), 'First_Touch_Medium__c', 'varchar') }} as varchar) as "First_Touch_Medium__c",
    cast({{ column_if_there(source('raw_salesforce', 'contact'), 'First_Touch_Content__c', 'varchar') }} as varchar) as "First_Touch_Content__c",
    cast({{ column_if_there(source('raw_salesforce', 'contact'), 'Last_Touch_Medium__c', 'varchar') }} as varchar) as "Last_Touch_Medium__c",
    cast({{ column_if_there(source('raw_salesforce', 'contact'), 'Last_Touch_Content__c', 'varchar') }} as varchar) as "Last_Touch_Content__c"
from {{ ref('stg_salesforce__contacts') }} as contacts
inner join {{ source('raw_salesforce', 'contact') }} as raw on contacts.contact_id = raw."Id"
inner join {{ ref('int_person_members') }} as members on contacts.record_key = members.record_key
