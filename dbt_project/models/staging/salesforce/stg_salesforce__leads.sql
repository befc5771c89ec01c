with source as (
    select * from {{ source('raw_salesforce', 'lead') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'Lead', '"Id"') }} as record_key,
        "Id" as lead_id,
        "OwnerId" as owner_id,
        "ConvertedAccountId" as converted_account_id,
        "ConvertedContactId" as converted_contact_id,
        "ConvertedOpportunityId" as converted_opportunity_id,

        "FirstName" as first_name,
        "LastName" as last_name,
        "Email" as email,
        "Phone" as phone,
        "Company" as company_name,
        "Title" as job_title,
        "Industry" as industry,
        "City" as city,
        "State" as state,
        "Country" as country,
        "LeadSource" as lead_source,
        "Status" as status,
        "First_Touch_Source__c" as first_touch_source,
        "First_Touch_Campaign__c" as first_touch_campaign,
        "Last_Touch_Source__c" as last_touch_source,
        cast({{ column_if_there(source('raw_salesforce', 'lead'), 'First_Touch_Medium__c', 'varchar') }} as varchar) as first_touch_medium,
        cast({{ column_if_there(source('raw_salesforce', 'lead'), 'First_Touch_Content__c', 'varchar') }} as varchar) as first_touch_content,
        cast({{ column_if_there(source('raw_salesforce', 'lead'), 'Last_Touch_Medium__c', 'varchar') }} as varchar) as last_touch_medium,
        cast({{ column_if_there(source('raw_salesforce', 'lead'), 'Last_Touch_Content__c', 'varchar') }} as varchar) as last_touch_content,
        "Lead_Status__c" as canonical_status,

        "Lead_Score__c" as lead_score,
        "Touch_Count__c" as touch_count,
        "Attributed_Revenue__c" as attributed_revenue,

        "HasOptedOutOfEmail" as is_opted_out,
        "IsConverted" as is_converted,

        "ConvertedDate" as converted_date,

        cast({{ column_if_there(source('raw_salesforce', 'lead'), 'CurrencyIsoCode', 'varchar') }} as varchar) as currency,

        "CreatedDate" as created_at,
        "SystemModstamp" as updated_at
    from source
    where
        deleted_at is null
        and not coalesce("IsDeleted", false)
)

select * from renamed
