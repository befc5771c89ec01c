with source as (
    select * from {{ source('raw_salesforce', 'period') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'Period', '"Id"') }} as record_key,
        "Id" as period_id,

        "Type" as type,
        "PeriodLabel" as period_label,
        "QuarterLabel" as quarter_label,
        "FullyQualifiedLabel" as fully_qualified_label,

        "Number" as number,

        "IsForecastPeriod" as is_forecast_period,

        "StartDate" as start_date,
        "EndDate" as end_date,

        "SystemModstamp" as updated_at
    from source
)

select * from renamed
