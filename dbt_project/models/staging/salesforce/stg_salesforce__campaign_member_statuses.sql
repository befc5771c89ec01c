with source as (
    select * from {{ source('raw_salesforce', 'campaign_member_status') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'CampaignMemberStatus', '"Id"') }} as record_key,
        "Id" as campaign_member_status_id,
        "CampaignId" as campaign_id,

        "Label" as label,

        "SortOrder" as sort_order,

        "IsDefault" as is_default,
        "HasResponded" as has_responded,

        "CreatedDate" as created_at,
        "SystemModstamp" as updated_at
    from source
    where
        deleted_at is null
        and not coalesce("IsDeleted", false)
)

select * from renamed
