with source as (
    select * from {{ source('raw_salesforce', 'forecasting_item') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'ForecastingItem', '"Id"') }} as record_key,
        "Id" as forecasting_item_id,
        "OwnerId" as owner_id,
        "PeriodId" as period_id,

        "ForecastCategoryName" as forecast_category_name,
        "CurrencyIsoCode" as currency_iso_code,

        "ForecastAmount" as forecast_amount,
        "AmountWithoutAdjustments" as amount_without_adjustments,

        "HasAdjustment" as has_adjustment,

        "SystemModstamp" as updated_at
    from source
)

select * from renamed
