{{ config(materialized='incremental', unique_key='opportunity_id', follows=['int_stage_stays']) }}
-- Stays of deals in the vendors' stages and in ours. How long an open one has lasted is told by what reads this.
with mapped_stages as (
    select
        vendor,
        pipeline,
        lower(stage) as stage,
        canonical_stage
    from {{ source('rules', 'stages') }}
),

labels as (
    select
        pipeline_id,
        stage_id,
        label
    from {{ ref('stg_hubspot__pipeline_stages') }}
    where object_type = 'deals'
)

select
    stays.opportunity_id,
    stays.stay,
    stays.vendor,
    stays.pipeline,
    stays.stage,
    coalesce(labels.label, stays.stage) as stage_label,
    {{ canonical_stage() }} as canonical_stage,
    stays.entered_at,
    stays.left_at,
    {{ days_between('stays.entered_at', 'stays.left_at') }} as days_in_stage,
    row_number() over (
        partition by stays.opportunity_id, stays.stage order by stays.entered_at, stays.stay
    ) > 1 as is_reentry
from {{ ref('int_stage_stays') }} as stays
left join labels
    on case when stays.vendor = 'hubspot' then stays.pipeline end = labels.pipeline_id and stays.stage = labels.stage_id
{{ stages_as_mapped('stays', 'labels.label') }}
where {{ is_due('stays.opportunity_id') }}
