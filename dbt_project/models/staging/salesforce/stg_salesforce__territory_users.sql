with source as (
    select * from {{ source('raw_salesforce', 'user_territory2_association') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'UserTerritory2Association', '"Id"') }} as record_key,
        "Id" as territory_user_id,
        "UserId" as user_id,
        "Territory2Id" as territory_id,

        "RoleInTerritory2" as role_in_territory,

        "IsActive" as is_active,

        "SystemModstamp" as updated_at
    from source
)

select * from renamed
