{{ config(
    materialized='incremental', unique_key='opportunity_id', follows=['int_told_records'],
    vouched_for=['int_told_stage_changes']
) }}
{{ also_reads('int_told_records') }}
-- Salesforce writes a row for every change of amount or date too; a stay ends when the stage does.
with entries as (
    select *
    from {{ ref('int_told_stage_changes') }}
    where {{ is_due('opportunity_id') }}
    qualify
        stage is distinct from lag(stage) over (
            partition by opportunity_id order by changed_at, tie_breaker
        )
),

stays as (
    select
        opportunity_id,
        vendor,
        coalesce(pipeline, current_pipeline) as pipeline,
        stage,
        changed_at as entered_at,
        lead(changed_at) over (partition by opportunity_id order by changed_at, tie_breaker) as left_at,
        row_number() over (partition by opportunity_id order by changed_at, tie_breaker) as stay
    from entries
)

select * from stays
