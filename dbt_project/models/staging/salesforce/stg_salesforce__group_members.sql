with source as (
    select * from {{ source('raw_salesforce', 'group_member') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'GroupMember', '"Id"') }} as record_key,
        "Id" as group_member_id,
        "GroupId" as group_id,
        "UserOrGroupId" as user_or_group_id,

        "SystemModstamp" as updated_at
    from source
)

select * from renamed
