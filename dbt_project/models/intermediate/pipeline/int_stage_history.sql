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
    coalesce(
        by_pipeline.canonical_stage, by_id.canonical_stage, by_label.canonical_stage, 'unmapped'
    ) as canonical_stage,
    stays.entered_at,
    stays.left_at,
    {{ days_between('stays.entered_at', 'stays.left_at') }} as days_in_stage,
    row_number() over (
        partition by stays.opportunity_id, stays.stage order by stays.entered_at, stays.stay
    ) > 1 as is_reentry
from {{ ref('int_stage_stays') }} as stays
left join labels
    on case when stays.vendor = 'hubspot' then stays.pipeline end = labels.pipeline_id and stays.stage = labels.stage_id
left join mapped_stages as by_pipeline
    on
        stays.vendor = by_pipeline.vendor
        and stays.pipeline = by_pipeline.pipeline
        and lower(stays.stage) = by_pipeline.stage
left join mapped_stages as by_id
    on stays.vendor = by_id.vendor and by_id.pipeline = '*' and lower(stays.stage) = by_id.stage
left join mapped_stages as by_label
    on stays.vendor = by_label.vendor and by_label.pipeline = '*' and lower(labels.label) = by_label.stage
where {{ is_due('stays.opportunity_id') }}
