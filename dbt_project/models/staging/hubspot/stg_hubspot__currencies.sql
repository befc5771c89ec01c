with source as (
    select * from {{ source('raw_hubspot', 'currencies') }}
),

renamed as (
    select
        {{ record_key('hubspot', 'currencies', 'code') }} as record_key,
        code as currency,
        is_company_currency
    from source
)

select * from renamed
