select
    existing.record_id,
    existing.record_key,
    existing.person_id,
    desired.lead_score as "Lead_Score__c",
    case
        when existing.ownerid like '00G%' or list_contains(desired.taken_from, holders.owner_id)
            then desired.assigned_owner_id_salesforce
    end as "OwnerId",
    desired.first_touch_channel as "First_Touch_Source__c",
    desired.first_touch_campaign as "First_Touch_Campaign__c",
    desired.last_touch_channel as "Last_Touch_Source__c",
    desired.touch_count as "Touch_Count__c",
    cast({{ in_record_currency('desired.attributed_revenue') }} as decimal(18, 2)) as "Attributed_Revenue__c",
    {{ if_there(source('raw_salesforce', 'contact'), 'First_Touch_Medium__c', 'desired.first_touch_medium', 'varchar') }} as "First_Touch_Medium__c",
    {{ if_there(source('raw_salesforce', 'contact'), 'First_Touch_Content__c', 'desired.first_touch_content', 'varchar') }} as "First_Touch_Content__c",
    {{ if_there(source('raw_salesforce', 'contact'), 'Last_Touch_Medium__c', 'desired.last_touch_medium', 'varchar') }} as "Last_Touch_Medium__c",
    {{ if_there(source('raw_salesforce', 'contact'), 'Last_Touch_Content__c', 'desired.last_touch_content', 'varchar') }} as "Last_Touch_Content__c"
from {{ ref('existing_salesforce__contacts') }} as existing
inner join {{ ref('int_desired_people') }} as desired on existing.person_id = desired.person_id
left join {{ ref('int_owner_records') }} as holders
    on holders.vendor = 'salesforce' and existing.ownerid = holders.source_id
{{ record_money_joins('existing.record_key') }}
