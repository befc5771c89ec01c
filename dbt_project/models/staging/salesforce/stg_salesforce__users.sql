with source as (
    select * from {{ source('raw_salesforce', 'user') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'User', '"Id"') }} as record_key,
        "Id" as user_id,
        "ManagerId" as manager_id,

        "Username" as username,
        "Email" as email,
        "FirstName" as first_name,
        "LastName" as last_name,
        "Name" as name,
        "TimeZoneSidKey" as time_zone,

        "IsActive" as is_active,

        "CreatedDate" as created_at,
        "SystemModstamp" as updated_at
    from source
)

select * from renamed
