with source as (
    select * from {{ source('raw_salesforce', 'organization') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'Organization', '"Id"') }} as record_key,
        "Id" as organization_id,

        "Name" as name,
        "TimeZoneSidKey" as time_zone_sid_key,
        "DefaultLocaleSidKey" as default_locale_sid_key,
        "OrganizationType" as organization_type,
        "InstanceName" as instance_name,

        "IsSandbox" as is_sandbox,

        "SystemModstamp" as updated_at
    from source
)

select * from renamed
