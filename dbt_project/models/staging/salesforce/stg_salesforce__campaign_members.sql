with source as (
    select * from {{ source('raw_salesforce', 'campaign_member') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'CampaignMember', 'id') }} as record_key,
        id as campaign_member_id,
        campaignid as campaign_id,
        leadid as lead_id,
        contactid as contact_id,

        status,

        hasresponded as has_responded,

        firstrespondeddate as first_responded_date,

        createddate as created_at,
        systemmodstamp as updated_at
    from source
    where deleted_at is null
        and not coalesce(isdeleted, false)
)

select * from renamed
