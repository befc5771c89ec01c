{#- Kaplan and Meier: a stay that has not ended says only how long it has lasted, and counts among those at risk. -#}
with stays as (
    select
        history.canonical_stage,
        coalesce(history.pipeline, 'none') as pipeline,
        coalesce(history.days_in_stage, history.days_so_far) as days,
        history.left_at is not null as has_ended
    from {{ ref('stage_history') }} as history
    where
        history.canonical_stage not in (
            select stages.canonical_stage
            from {{ source('rules', 'stages') }} as stages
            where stages.is_closed
        )
        and coalesce(history.days_in_stage, history.days_so_far) >= 0
),

segmented as (
    select
        canonical_stage,
        'all' as pipeline,
        days,
        has_ended
    from stays
    union all
    select
        canonical_stage,
        pipeline,
        days,
        has_ended
    from stays
),

by_duration as (
    select
        canonical_stage,
        pipeline,
        days,
        count(*) as stays,
        count(*) filter (where has_ended) as ended
    from segmented
    group by canonical_stage, pipeline, days
),

at_risk as (
    select
        *,
        sum(stays) over (
            partition by canonical_stage, pipeline order by days desc rows unbounded preceding
        ) as remaining
    from by_duration
),

survival as (
    select
        canonical_stage,
        pipeline,
        days,
        -- The product of the shares that stay on; once all have left, the rest of it is nothing.
        case
            when
                bool_or(ended = remaining) over (
                    partition by canonical_stage, pipeline order by days rows unbounded preceding
                )
                then 0.0
            else exp(
                sum(case when ended < remaining then ln(1.0 - cast(ended as double) / remaining) else 0.0 end) over (
                    partition by canonical_stage, pipeline order by days rows unbounded preceding
                )
            )
        end as still_there
    from at_risk
),

medians as (
    select
        canonical_stage,
        pipeline,
        min(days) filter (where still_there <= 0.5 + 1e-9) as median_days,
        min(days) filter (where still_there <= 0.25 + 1e-9) as p75_days,
        min(days) filter (where still_there <= 0.1 + 1e-9) as p90_days
    from survival
    group by canonical_stage, pipeline
),

counts as (
    select
        canonical_stage,
        pipeline,
        count(*) as stays,
        count(*) filter (where not has_ended) as open_stays,
        median(days) filter (where has_ended) as median_days_ended
    from segmented
    group by canonical_stage, pipeline
)

select
    counts.canonical_stage,
    counts.pipeline,
    counts.stays,
    counts.open_stays,
    medians.median_days,
    medians.p75_days,
    medians.p90_days,
    counts.median_days_ended
from counts
inner join medians on counts.canonical_stage = medians.canonical_stage and counts.pipeline = medians.pipeline
