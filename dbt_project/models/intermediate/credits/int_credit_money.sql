{{ config(
    materialized='incremental', unique_key='opportunity_id',
    owned={
        'int_opportunities': '
            select opportunity_id as owner, hash(currency, is_won, is_closed, amount, amount_converted) as hashed
            from {int_opportunities}'
    }
) }}

-- What is shared out for a deal, in minor units: once for a deal, before it meets its models, for 128 bits, without which 18
-- digits do not fit, cost.
select
    opportunity_id,
    currency,
    is_won,
    is_closed,
    cast(cast(amount as decimal(20, 2)) * 100 as bigint) as amount_minor,
    cast(cast(amount_converted as decimal(20, 2)) * 100 as bigint) as converted_minor
from {{ ref('int_opportunities') }}
where {{ is_due('opportunity_id') }}
