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
        opportunities.amount_converted,
        opportunities.close_date,
        opportunities.owner_id
    from {{ ref('int_opportunities') }} as opportunities
    left join positions on opportunities.canonical_stage = positions.canonical_stage
    where opportunities.opportunity_id not in (select told.opportunity_id from {{ ref('int_told_records') }} as told)
)

select
    *,
    true as is_from_history
from {{ ref('int_deal_states') }}
union all
select
    *,
    false as is_from_history
from untold
where valid_from is not null
