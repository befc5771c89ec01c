with source as (
    select * from {{ source('raw_salesforce', 'opportunity_contact_role') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'OpportunityContactRole', '"Id"') }} as record_key,
        "Id" as contact_role_id,
        "OpportunityId" as opportunity_id,
        "ContactId" as contact_id,

        "Role" as role,

        "IsPrimary" as is_primary,

        "CreatedDate" as created_at,
        "SystemModstamp" as updated_at
    from source
    where
        deleted_at is null
        and not coalesce("IsDeleted", false)
)

select * from renamed
