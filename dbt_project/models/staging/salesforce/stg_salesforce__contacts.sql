with source as (
    select * from {{ source('raw_salesforce', 'contact') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'Contact', '"Id"') }} as record_key,
        "Id" as contact_id,
        "AccountId" as account_id,
        "OwnerId" as owner_id,

        "FirstName" as first_name,
        "LastName" as last_name,
        "Email" as email,
        "Phone" as phone,
        "Title" as job_title,
        "LeadSource" as lead_source,
        "MailingCity" as city,
        "MailingState" as state,
        "MailingCountry" as country,
        "First_Touch_Source__c" as first_touch_source,
        "First_Touch_Campaign__c" as first_touch_campaign,
        "Last_Touch_Source__c" as last_touch_source,
        cast({{ column_if_there(source('raw_salesforce', 'contact'), 'First_Touch_Medium__c', 'varchar') }} as varchar) as first_touch_medium,
        cast({{ column_if_there(source('raw_salesforce', 'contact'), 'First_Touch_Content__c', 'varchar') }} as varchar) as first_touch_content,
        cast({{ column_if_there(source('raw_salesforce', 'contact'), 'Last_Touch_Medium__c', 'varchar') }} as varchar) as last_touch_medium,
        cast({{ column_if_there(source('raw_salesforce', 'contact'), 'Last_Touch_Content__c', 'varchar') }} as varchar) as last_touch_content,

        "Lead_Score__c" as lead_score,
        "Touch_Count__c" as touch_count,
        "Attributed_Revenue__c" as attributed_revenue,

        "HasOptedOutOfEmail" as is_opted_out,

        cast({{ column_if_there(source('raw_salesforce', 'contact'), 'CurrencyIsoCode', 'varchar') }} as varchar) as currency,

        "CreatedDate" as created_at,
        "SystemModstamp" as updated_at
    from source
    where
        deleted_at is null
        and not coalesce("IsDeleted", false)
)

select * from renamed
