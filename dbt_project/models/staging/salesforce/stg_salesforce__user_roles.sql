with source as (
    select * from {{ source('raw_salesforce', 'user_role') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'UserRole', '"Id"') }} as record_key,
        "Id" as user_role_id,
        "ParentRoleId" as parent_role_id,
        "ForecastUserId" as forecast_user_id,

        "Name" as name,
        "DeveloperName" as developer_name,

        "SystemModstamp" as updated_at
    from source
)

select * from renamed
