{{ config(materialized='view') }}

-- What is shared out for a deal under a model, in minor units, and a hash of the journey that it is shared out over.
with deals as (
    -- Once for a deal, before it meets its models: 128 bits, without which 18 digits do not fit, cost.
    select
        opportunity_id,
        currency,
        is_won,
        is_closed,
        cast(cast(amount as decimal(20, 2)) * 100 as bigint) as amount_minor,
        cast(cast(amount_converted as decimal(20, 2)) * 100 as bigint) as converted_minor
    from {{ ref('int_opportunities') }}
)

select
    parts.opportunity_id,
    parts.basis,
    parts.model,
    parts.journey,
    deals.currency,
    deals.is_won,
    deals.is_closed,
    deals.amount_minor,
    deals.converted_minor
from deals
inner join {{ ref('int_credit_parts') }} as parts on deals.opportunity_id = parts.opportunity_id
