-- What one unit of a currency was worth in the company's, and when. Salesforce says units per unit of its corporate
-- currency, HubSpot the worth of one; both only speak where the other currency is the company's.
with corporate as (
    select currency_types.iso_code
    from {{ ref('stg_salesforce__currency_types') }} as currency_types
    where currency_types.is_corporate and currency_types.iso_code = {{ run_value('company_currency') }}
),

dated as (
    select
        rates.iso_code as currency,
        cast(rates.start_date as date) as from_date,
        cast(rates.next_start_date as date) as until_date,
        1 / cast(rates.conversion_rate as double) as rate,
        1 as rank,
        'salesforce_dated' as source
    from {{ ref('stg_salesforce__dated_conversion_rates') }} as rates
    inner join corporate on true
    where rates.conversion_rate > 0
),

portal as (
    select
        from_currency as currency,
        cast(effective_at at time zone 'UTC' as date) as from_date,
        lead(cast(effective_at at time zone 'UTC' as date)) over (
            partition by from_currency order by effective_at, exchange_rate_id
        ) as until_date,
        cast(rate as double) as rate,
        2 as rank,
        'hubspot' as source
    from {{ ref('stg_hubspot__exchange_rates') }}
    where to_currency = {{ run_value('company_currency') }} and rate > 0
),

-- Without dated rates Salesforce has one for all times.
standing as (
    select
        currency_types.iso_code as currency,
        date '1900-01-01' as from_date,
        cast(null as date) as until_date,
        1 / cast(currency_types.conversion_rate as double) as rate,
        3 as rank,
        'salesforce' as source
    from {{ ref('stg_salesforce__currency_types') }} as currency_types
    inner join corporate on true
    where currency_types.conversion_rate > 0
),

unioned as (
    select * from dated
    union all
    select * from portal
    union all
    select * from standing
)

select *
from unioned
where until_date is null or from_date < until_date
