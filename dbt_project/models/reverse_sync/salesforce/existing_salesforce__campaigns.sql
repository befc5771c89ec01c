select
    records.campaign_id as record_id,
    records.record_key,
    '' as person_id,
    cast({{ column_if_there(source('raw_salesforce', 'campaign'), 'Attributed_Revenue__c', 'decimal(18,2)') }} as decimal(18, 2)) as "Attributed_Revenue__c",
    cast({{ column_if_there(source('raw_salesforce', 'campaign'), 'Attributed_Pipeline__c', 'decimal(18,2)') }} as decimal(18, 2)) as "Attributed_Pipeline__c"
from {{ source('raw_salesforce', 'campaign') }} as raw
inner join {{ ref('stg_salesforce__campaigns') }} as records on raw."Id" = records.campaign_id
