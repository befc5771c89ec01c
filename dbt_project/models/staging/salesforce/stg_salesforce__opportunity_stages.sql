with source as (
    select * from {{ source('raw_salesforce', 'opportunity_stage') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'OpportunityStage', '"Id"') }} as record_key,
        "Id" as stage_id,

        "MasterLabel" as label,
        "ApiName" as api_name,
        "ForecastCategoryName" as forecast_category,

        "SortOrder" as position,
        "DefaultProbability" as default_probability,

        "IsActive" as is_active,
        "IsClosed" as is_closed,
        "IsWon" as is_won,

        "SystemModstamp" as updated_at
    from source
)

select * from renamed
