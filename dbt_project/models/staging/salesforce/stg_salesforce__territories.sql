with source as (
    select * from {{ source('raw_salesforce', 'territory2') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'Territory2', '"Id"') }} as record_key,
        "Id" as territory_id,
        "ParentTerritory2Id" as parent_territory_id,

        "Name" as name,
        "DeveloperName" as developer_name,
        "Description" as description,

        "SystemModstamp" as updated_at
    from source
)

select * from renamed
