{{ config(
    materialized='incremental', unique_key='opportunity_id', on_schema_change='fail',
    follows=['int_opportunities', 'int_deal_states', 'int_told_records', 'int_opportunity_rates'],
    gone=[
        'opportunity_id', 'valid_from', 'valid_to', 'owner_id', 'pipeline', 'canonical_stage', 'forecast_category', 'close_date',
        'amount_converted', 'probability', 'is_closed'
    ]
) }}
-- A deal without a history of stages has what is known of it: as it is now, since it was closed or else created.
with positions as (
    select
        canonical_stage,
        min(position) as position
    from {{ source('rules', 'stages') }}
    group by canonical_stage
),

untold as (
    select
        opportunities.opportunity_id,
        cast(1 as bigint) as state,
        case
            when opportunities.is_closed then coalesce(opportunities.closed_at, opportunities.created_at)
            else opportunities.created_at
        end as valid_from,
        cast(null as timestamptz) as valid_to,
        cast(null as varchar) as vendor,
        opportunities.pipeline,
        opportunities.stage,
        opportunities.stage_label,
        opportunities.canonical_stage,
        positions.position,
        opportunities.is_closed,
        opportunities.is_won,
        opportunities.probability,
        {{ forecast_category(
            'null', 'opportunities.is_closed', 'opportunities.is_won', 'opportunities.probability'
        ) }} as forecast_category,
        opportunities.amount,
        opportunities.currency,
        opportunities.close_date,
        opportunities.owner_id
    from {{ ref('int_opportunities') }} as opportunities
    left join positions on opportunities.canonical_stage = positions.canonical_stage
    where
        opportunities.opportunity_id not in (select told.opportunity_id from {{ ref('int_told_records') }} as told)
        and {{ is_due('opportunities.opportunity_id') }}
),

all_states as (
    select
        *,
        true as is_from_history
    from {{ ref('int_deal_states') }}
    where {{ is_due('opportunity_id') }}
    union all by name
    select
        *,
        false as is_from_history
    from untold
    where valid_from is not null
)

select
    states.opportunity_id,
    states.state,
    states.valid_from,
    states.valid_to,
    states.vendor,
    states.pipeline,
    states.stage,
    states.stage_label,
    states.canonical_stage,
    states.position,
    states.is_closed,
    states.is_won,
    states.probability,
    states.forecast_category,
    states.amount,
    states.currency,
    cast(
        case when rates.rate = 1 then states.amount else round(cast(states.amount as double) * rates.rate, 2) end
        as decimal(18, 2)
    ) as amount_converted,
    states.close_date,
    states.owner_id,
    states.is_from_history
from all_states as states
left join {{ ref('int_opportunity_rates') }} as rates
    on states.opportunity_id = rates.opportunity_id and states.currency = rates.currency
