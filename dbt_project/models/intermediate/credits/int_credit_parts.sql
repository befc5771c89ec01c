{{ config(materialized='view') }}

select
    journeys.opportunity_id,
    journeys.basis,
    models.model
from {{ ref('int_credit_journeys') }} as journeys
inner join {{ source('rules', 'attribution_models') }} as models on journeys.basis = models.basis
