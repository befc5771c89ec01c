-- Days seen by a run are kept as they were seen (ops.pipeline_days); other days are drawn from history: each of the last
-- 92, and the last of every month before.
with today as (
    select
        business_date as snapshot_date,
        least({{ day_begins('business_date + 1') }}, as_of + interval 1 microsecond) as ends_at
    from {{ source('rules', 'run') }}
    where business_date not in (select kept.snapshot_date from {{ source('ops', 'pipeline_days') }} as kept)
),

drawn as (
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
        weighted_amount_converted
    from {{ ref('int_pipeline_days') }}

    union all

    select
        today.snapshot_date,
        states.owner_id,
        states.pipeline,
        states.canonical_stage,
        states.forecast_category,
        {{ quarter_of('states.close_date') }} as close_quarter,
        count(*) as opportunities,
        count(*) - count(states.amount_converted) as unconverted_opportunities,
        coalesce(sum(states.amount_converted), 0) as amount_converted,
        coalesce(sum({{ weighted_amount('states.') }}), 0) as weighted_amount_converted
    from {{ ref('deal_states') }} as states
    inner join today
        on states.valid_from < today.ends_at and coalesce(states.valid_to, timestamptz 'infinity') >= today.ends_at
    where not states.is_closed
    group by all
)

select
    snapshot_date,
    owner_id,
    pipeline,
    canonical_stage,
    forecast_category,
    close_quarter,
    opportunities,
    unconverted_opportunities,
    cast(amount_converted as decimal(18, 2)) as amount_converted,
    {{ rounded('weighted_amount_converted', 4) }} as weighted_amount_converted,
    snapshot_date < {{ run_value('business_date') }} as is_reconstructed
from drawn

union all

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
