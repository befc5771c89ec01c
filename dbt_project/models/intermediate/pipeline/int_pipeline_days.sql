{{ config(
    materialized='incremental', unique_key='opportunity_id', follows=['deal_states'],
    shared_columns={'run': 'business_date', 'pipeline_days': 'snapshot_date'},
    summed_by=['snapshot_date', 'owner_id', 'pipeline', 'canonical_stage', 'forecast_category', 'close_quarter']
) }}
-- Days that are over and that no run has seen: each of the last 92, and the last of every month before. Of today the clock
-- decides what is open (pipeline_snapshots).
with open_states as (
    select
        valid_from,
        coalesce(valid_to, timestamptz 'infinity') as valid_to,
        owner_id,
        pipeline,
        canonical_stage,
        forecast_category,
        {{ quarter_of('close_date') }} as close_quarter,
        amount_converted,
        {{ weighted_amount() }} as weighted
    from {{ ref('deal_states') }}
    where {{ is_row_due(ref('deal_states'), 'opportunity_id') }} and not is_closed
),

first_day as (
    select cast(min(valid_from) at time zone {{ run_value('business_zone') }} as date) as day
    from open_states
),

days as (
    select cast(series.day as date) as snapshot_date
    from first_day
    cross join
        unnest(generate_series(
            cast(first_day.day as timestamp), cast({{ run_value('business_date') }} - 1 as timestamp), interval 1 day
        )) as series (day)
),

bounded as (
    select
        snapshot_date,
        {{ day_begins('snapshot_date + 1') }} as ends_at
    from days
    where
        (snapshot_date > {{ run_value('business_date') }} - 92 or snapshot_date = last_day(snapshot_date))
        and snapshot_date not in (select kept.snapshot_date from {{ source('ops', 'pipeline_days') }} as kept)
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
        coalesce(sum(states.amount_converted), 0) as amount_converted,
        coalesce(sum(states.weighted), 0) as weighted_amount_converted
    from bounded
    inner join numbered as states
        on
            bounded.ends_at > states.valid_from
            and bounded.ends_at <= states.valid_to
    group by bounded.snapshot_date, states.kind
)

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
    summed.weighted_amount_converted
from summed
inner join kinds on summed.kind = kinds.kind
