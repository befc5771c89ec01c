-- The rate of int_opportunities for every currency that a record of the deal is in, so that all that is told of a deal
-- is converted alike: a rate that moves is no change of a deal.
with spoken as (
    select distinct
        members.opportunity_id,
        records.currency
    from {{ ref('int_opportunity_members') }} as members
    inner join {{ ref('int_opportunity_records') }} as records on members.record_key = records.record_key
    where records.currency is not null
)

select
    spoken.opportunity_id,
    spoken.currency,
    case
        when spoken.currency = {{ run_value('company_currency') }} then 1.0
        else arg_min(rates.rate, rates.rank)
    end as rate
from spoken
inner join {{ ref('int_opportunities') }} as deals on spoken.opportunity_id = deals.opportunity_id
left join {{ ref('int_exchange_rates') }} as rates
    on
        spoken.currency = rates.currency
        and coalesce(deals.rate_date >= rates.from_date, true)
        and coalesce(deals.rate_date < rates.until_date, true)
group by spoken.opportunity_id, spoken.currency
