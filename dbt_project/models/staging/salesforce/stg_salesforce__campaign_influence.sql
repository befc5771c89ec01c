with source as (
    select * from {{ source('raw_salesforce', 'campaign_influence') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'CampaignInfluence', '"Id"') }} as record_key,
        "Id" as campaign_influence_id,
        "CampaignId" as campaign_id,
        "OpportunityId" as opportunity_id,
        "ContactId" as contact_id,
        "ModelId" as model_id,

        "CurrencyIsoCode" as currency_iso_code,

        "Influence" as influence,
        "RevenueShare" as revenue_share,

        "CreatedDate" as created_at,
        "SystemModstamp" as updated_at
    from source
    where
        deleted_at is null
        and not coalesce("IsDeleted", false)
)

select * from renamed
