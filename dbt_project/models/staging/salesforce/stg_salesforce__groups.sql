with source as (
    select * from {{ source('raw_salesforce', 'group') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'Group', '"Id"') }} as record_key,
        "Id" as group_id,
        "RelatedId" as related_id,
        "OwnerId" as owner_id,

        "Name" as name,
        "DeveloperName" as developer_name,
        "Type" as type,
        "Email" as email,

        "SystemModstamp" as updated_at
    from source
)

select * from renamed
