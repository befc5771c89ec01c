{{ config(materialized='view') }}

-- What is shared out for a deal under a model, in minor units, and a hash of the journey that it is shared out over.
select
    parts.opportunity_id,
    parts.basis,
    parts.model,
    parts.journey,
    deals.currency,
    deals.is_won,
    deals.is_closed,
    cast(round(cast(deals.amount as decimal(20, 2)) * 100) as bigint) as amount_minor,
    cast(round(cast(deals.amount_converted as decimal(20, 2)) * 100) as bigint) as converted_minor
from {{ ref('int_opportunities') }} as deals
inner join {{ ref('int_credit_parts') }} as parts on deals.opportunity_id = parts.opportunity_id
