with source as (
    select * from {{ source('raw_salesforce', 'account') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'Account', '"Id"') }} as record_key,
        "Id" as account_id,
        "ParentId" as parent_account_id,
        "OwnerId" as owner_id,

        "Name" as name,
        "Website" as website,
        "Industry" as industry,
        "BillingCity" as city,
        "BillingState" as state,
        "BillingCountry" as country,
        "Type" as type,

        "NumberOfEmployees" as employees,
        "AnnualRevenue" as annual_revenue,

        "CreatedDate" as created_at,
        "SystemModstamp" as updated_at
    from source
    where
        deleted_at is null
        and not coalesce("IsDeleted", false)
)

select * from renamed
