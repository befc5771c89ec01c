with positions as (
    select
        canonical_stage,
        min(position) as position,
        bool_or(is_closed) as is_closed,
        bool_or(is_won) as is_won
    from {{ source('rules', 'stages') }}
    group by canonical_stage
),

-- Two stages of a CRM may be one canonical stage; moving between them is not leaving it.
stays as (
    select
        history.opportunity_id,
        history.canonical_stage,
        history.entered_at,
        history.stay,
        positions.position,
        positions.is_closed,
        positions.is_won
    from {{ ref('stage_history') }} as history
    inner join positions on history.canonical_stage = positions.canonical_stage
    qualify
        history.canonical_stage is distinct from lag(history.canonical_stage) over (
            partition by history.opportunity_id order by history.stay
        )
),

followed as (
    select
        *,
        lead(entered_at) over deal as left_at,
        lead(canonical_stage) over deal as next_stage,
        lead(position) over deal as next_position,
        lead(is_closed) over deal as next_is_closed,
        lead(is_won) over deal as next_is_won,
        max(case when not is_closed then position end) over rest as furthest,
        bool_or(is_won) over rest as is_won_later,
        last_value(is_closed and not is_won) over rest as ends_lost,
        row_number() over (partition by opportunity_id, canonical_stage order by stay) as visit
    from stays
    window
        deal as (partition by opportunity_id order by stay),
        rest as (partition by opportunity_id order by stay rows between 1 following and unbounded following)
),

-- Cohort: deals that entered a stage in the month, once each, and what became of them since.
cohort as (
    select
        {{ business_month('entered_at') }} as period,
        'cohort' as definition,
        canonical_stage,
        coalesce(furthest > position, false) or coalesce(is_won_later, false) as is_advanced,
        coalesce(is_won_later, false) as is_won,
        coalesce(ends_lost, false) as is_lost,
        false as is_reversed,
        {{ days_between('entered_at', 'left_at') }} as days
    from followed
    where visit = 1 and not is_closed
),

-- Snapshot: stays that ended in the month, and how.
snapshot as (
    select
        {{ business_month('left_at') }} as period,
        'snapshot' as definition,
        canonical_stage,
        next_is_won or (not next_is_closed and next_position > position) as is_advanced,
        next_is_won as is_won,
        next_is_closed and not next_is_won as is_lost,
        not next_is_closed and next_position < position as is_reversed,
        {{ days_between('entered_at', 'left_at') }} as days
    from followed
    where left_at is not null and not is_closed
),

counted as (
    select * from cohort
    union all
    select * from snapshot
)

select
    period,
    definition,
    canonical_stage,
    count(*) as opportunities,
    count(*) filter (where is_advanced) as advanced,
    count(*) filter (where is_won) as won,
    count(*) filter (where is_lost) as lost,
    count(*) filter (where is_reversed) as reversed,
    count(*) filter (where not is_advanced and not is_lost and not is_reversed) as undecided,
    cast(count(*) filter (where is_advanced) as double) / count(*) as conversion_rate,
    cast(count(*) filter (where is_won) as double) / count(*) as win_rate,
    median(days) as median_days
from counted
group by period, definition, canonical_stage
