with source as (
    select * from {{ source('raw_salesforce', 'opportunity_history') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'OpportunityHistory', '"Id"') }} as record_key,
        "Id" as history_id,
        {{ record_key('salesforce', 'Opportunity', '"OpportunityId"') }} as opportunity_key,
        "OpportunityId" as opportunity_id,
        "CreatedById" as changed_by_id,

        "StageName" as stage,
        "ForecastCategory" as forecast_category,

        "Amount" as amount,
        "Probability" as probability,

        "CloseDate" as close_date,

        "CreatedDate" as changed_at
    from source
    where
        deleted_at is null
        and not coalesce("IsDeleted", false)
)

select * from renamed
