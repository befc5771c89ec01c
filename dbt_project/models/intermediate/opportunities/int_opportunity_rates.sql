{{ config(
    materialized='incremental', unique_key='opportunity_id', follows=['int_opportunities'],
    vouched_for=['int_opportunity_members', 'int_opportunity_records']
) }}
-- The rate of int_opportunities for every currency that a record of the deal is in, so that all that is told of a deal
-- is converted alike: a rate that moves is no change of a deal.
with spoken as (
    select distinct
        members.opportunity_id,
        records.currency,
        deals.rate_date
    from {{ ref('int_opportunity_members') }} as members
    inner join {{ ref('int_opportunity_records') }} as records on members.record_key = records.record_key
    inner join {{ ref('int_opportunities') }} as deals on members.opportunity_id = deals.opportunity_id
    where records.currency is not null and {{ is_owner_due('members.opportunity_id') }}
),

-- Many deals are of one day and currency: rates have their days, and are looked through for each of these once.
dated as (
    select distinct
        currency,
        rate_date
    from spoken
),

rated as (
    select
        dated.currency,
        dated.rate_date,
        arg_min(rates.rate, rates.rank) as rate
    from dated
    inner join {{ ref('int_exchange_rates') }} as rates
        on
            dated.currency = rates.currency
            and coalesce(dated.rate_date >= rates.from_date, true)
            and coalesce(dated.rate_date < rates.until_date, true)
    group by dated.currency, dated.rate_date
)

select
    spoken.opportunity_id,
    spoken.currency,
    case when spoken.currency = {{ run_value('company_currency') }} then 1.0 else rated.rate end as rate
from spoken
left join rated on spoken.currency = rated.currency and spoken.rate_date is not distinct from rated.rate_date
