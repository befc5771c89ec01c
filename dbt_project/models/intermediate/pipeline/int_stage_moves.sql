{{ config(materialized='incremental', unique_key='opportunity_id', follows=['int_stage_spells']) }}
with positions as (
    select
        canonical_stage,
        min(position) as position,
        bool_or(is_closed) as is_closed,
        bool_or(is_won) as is_won
    from {{ source('rules', 'stages') }}
    group by canonical_stage
),

-- A stage that config does not know is somewhere in the middle: it is neither won nor lost nor before anything.
spells as (
    select
        spells.*,
        positions.position,
        coalesce(positions.is_closed, false) as is_closed,
        coalesce(positions.is_won, false) as is_won
    from {{ ref('int_stage_spells') }} as spells
    left join positions on spells.canonical_stage = positions.canonical_stage
    where {{ is_due('spells.opportunity_id') }}
),

followed as (
    select
        *,
        lead(position) over deal as next_position,
        lead(is_closed) over deal as next_is_closed,
        lead(is_won) over deal as next_is_won,
        max(case when not is_closed then position end) over rest as furthest,
        bool_or(is_won) over rest as was_won,
        last_value(is_closed and not is_won) over rest as ends_lost,
        row_number() over (partition by opportunity_id, canonical_stage order by spell) as visit
    from spells
    window
        deal as (partition by opportunity_id order by spell),
        rest as (partition by opportunity_id order by spell rows between 1 following and unbounded following)
),

-- Cohort: deals that entered a stage in the month, once each, and what became of them since.
cohort as (
    select
        opportunity_id,
        pipeline,
        {{ business_month('entered_at') }} as period,
        'cohort' as definition,
        canonical_stage,
        coalesce(furthest > position, false) or coalesce(was_won, false) as is_advanced,
        -- What was won, opened again and lost is lost.
        coalesce(was_won and not ends_lost, false) as is_won,
        coalesce(ends_lost, false) as is_lost,
        false as is_reversed,
        days
    from followed
    where visit = 1 and not is_closed
),

-- Snapshot: stays that ended in the month, and how.
snapshot as (
    select
        opportunity_id,
        pipeline,
        {{ business_month('left_at') }} as period,
        'snapshot' as definition,
        canonical_stage,
        next_is_won or coalesce(not next_is_closed and next_position > position, false) as is_advanced,
        next_is_won as is_won,
        next_is_closed and not next_is_won as is_lost,
        coalesce(not next_is_closed and next_position < position, false) as is_reversed,
        days
    from followed
    where left_at is not null and not is_closed
)

select * from cohort
union all
select * from snapshot
