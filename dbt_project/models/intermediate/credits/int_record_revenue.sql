{{ config(tags=['desired']) }}

-- What is credited to these records, in their own currency: a deal's as it is where that is the deal's currency, else at
-- the rate of the deal's day, so that what is written of a closed deal stays as it is.
with credited as (
    {% for kind in ['person', 'campaign', 'opportunity'] -%}
        select
            records.record_key,
            records.currency as record_currency,
            credits.*
        from {{ ref('int_foreign_records') }} as records
        inner join {{ ref('attribution_credits') }} as credits
            on records.owner_type = '{{ kind }}' and records.owner_id = credits.{{ kind }}_id
        {{ 'union all' if not loop.last }}
    {% endfor -%}
),

days as (
    select distinct rate_date
    from {{ ref('int_opportunities') }}
    where rate_date is not null
),

rated as (
    select
        days.rate_date,
        rates.currency,
        arg_min(rates.rate, rates.rank) as rate
    from days
    inner join {{ ref('int_exchange_rates') }} as rates
        on days.rate_date >= rates.from_date and coalesce(days.rate_date < rates.until_date, true)
    where rates.currency in (select records.currency from {{ ref('int_foreign_records') }} as records)
    group by days.rate_date, rates.currency
),

priced as (
    select
        credited.*,
        case
            when credited.record_currency = {{ run_value('company_currency') }} then 1.0
            else rated.rate
        end as rate
    from credited
    inner join {{ ref('int_opportunities') }} as deals on credited.opportunity_id = deals.opportunity_id
    left join rated on deals.rate_date = rated.rate_date and credited.record_currency = rated.currency
)

select
    record_key,
    model,
    cast(
        round(
            sum(
                case
                    when record_currency = currency then cast(revenue as double)
                    else cast(revenue_converted as double) / rate
                end
            ), 2
        ) as decimal(18, 2)
    ) as revenue,
    cast(
        round(
            sum(
                case
                    when record_currency = currency then cast(pipeline as double)
                    else cast(pipeline_converted as double) / rate
                end
            ), 2
        ) as decimal(18, 2)
    ) as pipeline
from priced
group by record_key, model
