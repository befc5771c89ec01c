{{ config(materialized='view') }}
-- The changes of stage that are told of a deal: those of one of its records.
select
    changes.*,
    records.opportunity_id,
    records.pipeline as current_pipeline
from {{ ref('int_stage_changes') }} as changes
inner join {{ ref('int_told_records') }} as records on changes.record_key = records.record_key
where changes.changed_at is not null
