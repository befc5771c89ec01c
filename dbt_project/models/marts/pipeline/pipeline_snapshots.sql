-- Days seen by a run are kept as they were seen (ops.pipeline_days); other days are drawn from history: each of the last
-- 92, and the last of every month before.
with today as (
    select {{ run_value('business_date') }} as business_date
),

first_day as (
    select cast(min(valid_from) at time zone {{ run_value('business_zone') }} as date) as day
    from {{ ref('deal_states') }}
),

days as (
    select cast(series.day as date) as snapshot_date
    from today
    cross join first_day
    cross join
        unnest(generate_series(
            cast(first_day.day as timestamp), cast(today.business_date as timestamp), interval 1 day
        )) as series (day)
    where
        cast(series.day as date) > today.business_date - 92
        or cast(series.day as date) = last_day(cast(series.day as date))
),

bounded as (
    select
        snapshot_date,
        least({{ day_begins('snapshot_date + 1') }}, {{ run_value('as_of') }} + interval 1 microsecond) as ends_at
    from days
    where snapshot_date not in (select kept.snapshot_date from {{ source('ops', 'pipeline_days') }} as kept)
),

open_states as (
    select
        valid_from,
        coalesce(valid_to, timestamptz 'infinity') as valid_to,
        owner_id,
        pipeline,
        canonical_stage,
        forecast_category,
        {{ quarter_of('close_date') }} as close_quarter,
        amount_converted,
        cast(amount_converted * cast(probability as decimal(9, 6)) as decimal(18, 4)) as weighted
    from {{ ref('deal_states') }}
    where not is_closed
),

-- Days are counted by one number for what a state is, not by five names of it.
kinds as (
    select
        *,
        row_number() over () as kind
    from (
        select distinct
            owner_id,
            pipeline,
            canonical_stage,
            forecast_category,
            close_quarter
        from open_states
    ) as states
),

numbered as (
    select
        states.valid_from,
        states.valid_to,
        states.amount_converted,
        states.weighted,
        kinds.kind
    from open_states as states
    inner join kinds
        on
            states.owner_id is not distinct from kinds.owner_id
            and states.pipeline is not distinct from kinds.pipeline
            and states.canonical_stage is not distinct from kinds.canonical_stage
            and states.forecast_category is not distinct from kinds.forecast_category
            and states.close_quarter is not distinct from kinds.close_quarter
),

summed as (
    select
        bounded.snapshot_date,
        states.kind,
        count(*) as opportunities,
        count(*) - count(states.amount_converted) as unconverted_opportunities,
        cast(coalesce(sum(states.amount_converted), 0) as decimal(18, 2)) as amount_converted,
        {{ rounded_sum('states.weighted', 4) }} as weighted_amount_converted
    from bounded
    inner join numbered as states
        on
            bounded.ends_at > states.valid_from
            and bounded.ends_at <= states.valid_to
    group by bounded.snapshot_date, states.kind
),

drawn as (
    select
        summed.snapshot_date,
        kinds.owner_id,
        kinds.pipeline,
        kinds.canonical_stage,
        kinds.forecast_category,
        kinds.close_quarter,
        summed.opportunities,
        summed.unconverted_opportunities,
        summed.amount_converted,
        summed.weighted_amount_converted,
        summed.snapshot_date < {{ run_value('business_date') }} as is_reconstructed
    from summed
    inner join kinds on summed.kind = kinds.kind
),

frozen as (
    select
        snapshot_date,
        owner_id,
        pipeline,
        canonical_stage,
        forecast_category,
        close_quarter,
        opportunities,
        unconverted_opportunities,
        amount_converted,
        weighted_amount_converted,
        false as is_reconstructed
    from {{ source('ops', 'pipeline_days') }}
)

select * from drawn
union all
select * from frozen
