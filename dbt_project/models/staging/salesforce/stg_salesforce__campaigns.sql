with source as (
    select * from {{ source('raw_salesforce', 'campaign') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'Campaign', '"Id"') }} as record_key,
        "Id" as campaign_id,
        "ParentId" as parent_campaign_id,
        "OwnerId" as owner_id,

        "Name" as name,
        "Type" as type,
        "Status" as status,

        "BudgetedCost" as budgeted_cost,
        "ActualCost" as actual_cost,
        cast({{ column_if_there(source('raw_salesforce', 'campaign'), 'CurrencyIsoCode', 'varchar') }} as varchar) as currency,

        "IsActive" as is_active,

        "StartDate" as start_date,
        "EndDate" as end_date,

        "CreatedDate" as created_at,
        "SystemModstamp" as updated_at
    from source
    where
        deleted_at is null
        and not coalesce("IsDeleted", false)
)

select * from renamed
