with source as (
    select * from {{ source('raw_salesforce', 'currency_type') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'CurrencyType', '"Id"') }} as record_key,
        "Id" as currency_type_id,

        "IsoCode" as iso_code,

        "ConversionRate" as conversion_rate,
        "DecimalPlaces" as decimal_places,

        "IsActive" as is_active,
        "IsCorporate" as is_corporate,

        "SystemModstamp" as updated_at
    from source
)

select * from renamed
