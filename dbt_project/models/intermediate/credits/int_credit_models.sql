{{ config(materialized='incremental', unique_key='model', inputs=['attribution_models', 'int_channel_values']) }}

-- What of a model decides what a deal's touches weigh: its rule, and what channels are worth to it. A journey that is new moves
-- the worth of channels, and so every deal under a data-driven model; it moves no deal under any other.
with worths as (
    select
        worths.model,
        sum(hash(worths)) as worth
    from {{ ref('int_channel_values') }} as worths
    where {{ is_due('worths.model') }}
    group by worths.model
)

select
    models.model,
    models.basis,
    hash(models) as rule,
    worths.worth
from {{ source('rules', 'attribution_models') }} as models
left join worths on models.model = worths.model
where {{ is_due('models.model') }}
