with source as (
    select * from {{ source('raw_salesforce', 'dated_conversion_rate') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'DatedConversionRate', '"Id"') }} as record_key,
        "Id" as dated_conversion_rate_id,

        "IsoCode" as iso_code,

        "ConversionRate" as conversion_rate,

        "StartDate" as start_date,
        "NextStartDate" as next_start_date,

        "SystemModstamp" as updated_at
    from source
)

select * from renamed
