with source as (
    select * from {{ source('raw_salesforce', 'object_territory2_association') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'ObjectTerritory2Association', '"Id"') }} as record_key,
        "Id" as territory_record_id,
        "ObjectId" as object_id,
        case when "SobjectType" = 'Account' then {{ record_key('salesforce', 'Account', '"ObjectId"') }} end as account_key,
        "Territory2Id" as territory_id,

        "AssociationCause" as association_cause,
        "SobjectType" as sobject_type,

        "CreatedDate" as created_at,
        "SystemModstamp" as updated_at
    from source
    where
        deleted_at is null
        and not coalesce("IsDeleted", false)
)

select * from renamed
