select
    records.opportunity_id as record_id,
    records.record_key,
    '' as person_id,
    records.account_id as parent_id,
    cast({{ column_if_there(source('raw_salesforce', 'opportunity'), 'First_Touch_Source__c', 'varchar') }} as varchar) as "First_Touch_Source__c",
    cast({{ column_if_there(source('raw_salesforce', 'opportunity'), 'First_Touch_Campaign__c', 'varchar') }} as varchar) as "First_Touch_Campaign__c",
    cast({{ column_if_there(source('raw_salesforce', 'opportunity'), 'Last_Touch_Source__c', 'varchar') }} as varchar) as "Last_Touch_Source__c",
    cast({{ column_if_there(source('raw_salesforce', 'opportunity'), 'Touch_Count__c', 'bigint') }} as bigint) as "Touch_Count__c",
    cast({{ column_if_there(source('raw_salesforce', 'opportunity'), 'Attributed_Revenue__c', 'decimal(18,2)') }} as decimal(18, 2)) as "Attributed_Revenue__c",
    cast({{ column_if_there(source('raw_salesforce', 'opportunity'), 'First_Touch_Medium__c', 'varchar') }} as varchar) as "First_Touch_Medium__c",
    cast({{ column_if_there(source('raw_salesforce', 'opportunity'), 'First_Touch_Content__c', 'varchar') }} as varchar) as "First_Touch_Content__c",
    cast({{ column_if_there(source('raw_salesforce', 'opportunity'), 'Last_Touch_Medium__c', 'varchar') }} as varchar) as "Last_Touch_Medium__c",
    cast({{ column_if_there(source('raw_salesforce', 'opportunity'), 'Last_Touch_Content__c', 'varchar') }} as varchar) as "Last_Touch_Content__c"
from {{ source('raw_salesforce', 'opportunity') }} as raw
inner join {{ ref('stg_salesforce__opportunities') }} as records on raw."Id" = records.opportunity_id
