with source as (
    select * from {{ source('raw_salesforce', 'forecasting_quota') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'ForecastingQuota', '"Id"') }} as record_key,
        "Id" as forecasting_quota_id,
        "QuotaOwnerId" as quota_owner_id,
        "PeriodId" as period_id,

        "CurrencyIsoCode" as currency_iso_code,

        "QuotaAmount" as quota_amount,
        "QuotaQuantity" as quota_quantity,

        "StartDate" as start_date,

        "SystemModstamp" as updated_at
    from source
)

select * from renamed
