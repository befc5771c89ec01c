with changes as (
    select
        changes.*,
        members.opportunity_id,
        opportunities.pipeline as current_pipeline,
        precedence.rank
    from {{ ref('int_stage_changes') }} as changes
    inner join {{ ref('int_opportunity_members') }} as members on changes.record_key = members.record_key
    inner join {{ ref('int_opportunity_records') }} as opportunities
        on changes.record_key = opportunities.record_key
    inner join {{ source('rules', 'precedence') }} as precedence
        on
            precedence.entity = 'opportunity'
            and opportunities.vendor = precedence.vendor
            and opportunities.object = precedence.object
    where changes.changed_at is not null
),

-- A deal that is in both CRMs has two histories of the same events; the preferred CRM's is told.
told as (
    select *
    from changes
    qualify
        dense_rank() over (partition by opportunity_id order by rank, record_key) = 1
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
