with source as (
    select * from {{ source('raw_salesforce', 'campaign_member') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'CampaignMember', '"Id"') }} as record_key,
        "Id" as campaign_member_id,
        "CampaignId" as campaign_id,
        "LeadId" as lead_id,
        "ContactId" as contact_id,

        "Status" as status,

        "HasResponded" as has_responded,

        "FirstRespondedDate" as first_responded_date,

        "CreatedDate" as created_at,
        "SystemModstamp" as updated_at
    from source
    where
        deleted_at is null
        and not coalesce("IsDeleted", false)
)

select * from renamed
