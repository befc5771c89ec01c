select
    existing.record_id,
    existing.record_key,
    existing.person_id,
    {{ if_there(source('raw_salesforce', 'opportunity'), 'First_Touch_Source__c', 'desired.first_touch_source', 'varchar') }} as "First_Touch_Source__c",
    {{ if_there(source('raw_salesforce', 'opportunity'), 'First_Touch_Campaign__c', 'desired.first_touch_campaign', 'varchar') }} as "First_Touch_Campaign__c",
    {{ if_there(source('raw_salesforce', 'opportunity'), 'Last_Touch_Source__c', 'desired.last_touch_source', 'varchar') }} as "Last_Touch_Source__c",
    {{ if_there(source('raw_salesforce', 'opportunity'), 'Touch_Count__c', 'desired.touch_count', 'bigint') }} as "Touch_Count__c",
    {{ if_there(source('raw_salesforce', 'opportunity'), 'Attributed_Revenue__c', in_record_currency('desired.attributed_revenue'), 'decimal(18,2)') }} as "Attributed_Revenue__c",
    {{ if_there(source('raw_salesforce', 'opportunity'), 'First_Touch_Medium__c', 'desired.first_touch_medium', 'varchar') }} as "First_Touch_Medium__c",
    {{ if_there(source('raw_salesforce', 'opportunity'), 'First_Touch_Content__c', 'desired.first_touch_content', 'varchar') }} as "First_Touch_Content__c",
    {{ if_there(source('raw_salesforce', 'opportunity'), 'Last_Touch_Medium__c', 'desired.last_touch_medium', 'varchar') }} as "Last_Touch_Medium__c",
    {{ if_there(source('raw_salesforce', 'opportunity'), 'Last_Touch_Content__c', 'desired.last_touch_content', 'varchar') }} as "Last_Touch_Content__c"
from {{ ref('existing_salesforce__opportunities') }} as existing
inner join {{ ref('int_opportunity_members') }} as members on existing.record_key = members.record_key
inner join {{ ref('int_desired_deals') }} as desired on members.opportunity_id = desired.opportunity_id
{{ record_money_joins('existing.record_key') }}
