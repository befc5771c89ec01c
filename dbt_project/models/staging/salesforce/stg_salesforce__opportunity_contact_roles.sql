with source as (
    select * from {{ source('raw_salesforce', 'opportunity_contact_role') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'OpportunityContactRole', 'id') }} as record_key,
        id as contact_role_id,
        opportunityid as opportunity_id,
        contactid as contact_id,

        role,

        isprimary as is_primary,

        createddate as created_at,
        systemmodstamp as updated_at
    from source
    where deleted_at is null
        and not coalesce(isdeleted, false)
)

select * from renamed
