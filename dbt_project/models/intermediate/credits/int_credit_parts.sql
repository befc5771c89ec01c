{{ config(materialized='view') }}

-- What a deal's weights under a model are made of, as hashes: an incremental run works out the deals and models for which
-- one of them differs. A journey that is new moves the worth of channels, and so every deal under a data-driven model; it
-- moves no deal under any other.
with journeys as (
    select
        journeys.opportunity_id,
        journeys.basis,
        hash(journeys) as journey
    from {{ ref('int_credit_journeys') }} as journeys
),

models as (
    select
        models.model,
        models.basis,
        hash(models) as rule
    from {{ source('rules', 'attribution_models') }} as models
),

worths as (
    select
        worths.model,
        sum(hash(worths)) as worth
    from {{ ref('int_channel_values') }} as worths
    group by worths.model
)

select
    journeys.opportunity_id,
    journeys.basis,
    models.model,
    journeys.journey,
    models.rule,
    worths.worth
from journeys
inner join models on journeys.basis = models.basis
left join worths on models.model = worths.model
