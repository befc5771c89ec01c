with told as (
    select
        changes.*,
        records.opportunity_id,
        records.pipeline as current_pipeline
    from {{ ref('int_stage_changes') }} as changes
    inner join {{ ref('int_told_records') }} as records on changes.record_key = records.record_key
    where changes.changed_at is not null
),

-- Salesforce writes a row for every change of amount or date too; a stay ends when the stage does.
entries as (
    select *
    from told
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
