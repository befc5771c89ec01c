with source as (
    select * from {{ source('raw_salesforce', 'opportunity') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'Opportunity', '"Id"') }} as record_key,
        "Id" as opportunity_id,
        "AccountId" as account_id,
        "ContactId" as contact_id,
        "CampaignId" as campaign_id,
        "OwnerId" as owner_id,

        "Name" as name,
        "StageName" as stage,
        "CurrencyIsoCode" as currency,
        "Type" as type,
        "LeadSource" as lead_source,
        "ForecastCategoryName" as forecast_category,
        {{ column_if_there(source('raw_salesforce', 'opportunity'), 'Product__c', 'varchar') }} as product,
        cast({{ column_if_there(source('raw_salesforce', 'opportunity'), 'Loss_Reason__c', 'varchar') }} as varchar)
            as lost_reason,
        {{ column_if_there(source('raw_salesforce', 'opportunity'), 'Competitor__c', 'varchar') }} as competitor,

        "Amount" as amount,
        "Probability" as probability,

        "IsClosed" as is_closed,
        "IsWon" as is_won,

        "CloseDate" as close_date,

        "CreatedDate" as created_at,
        "SystemModstamp" as updated_at
    from source
    where
        deleted_at is null
        and not coalesce("IsDeleted", false)
)

select * from renamed
