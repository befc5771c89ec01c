{{ config(materialized='incremental', unique_key='opportunity_id', follows=['int_stage_history']) }}
-- Two stages of a CRM may be one canonical stage; moving between them is not leaving it.
with numbered as (
    select
        *,
        coalesce(canonical_stage != lag(canonical_stage) over deal, true) as begins
    from {{ ref('int_stage_history') }}
    where {{ is_due('opportunity_id') }}
    window deal as (partition by opportunity_id order by stay)
),

placed as (
    select
        *,
        count(*) filter (where begins) over (
            partition by opportunity_id order by stay rows unbounded preceding
        ) as spell
    from numbered
)

select
    opportunity_id,
    cast(spell as bigint) as spell,
    any_value(canonical_stage) as canonical_stage,
    arg_min(pipeline, stay) as pipeline,
    min(entered_at) as entered_at,
    cast(min(entered_at) at time zone {{ run_value('business_zone') }} as date) as entered_on,
    case when count(left_at) = count(*) then max(left_at) end as left_at,
    case when count(left_at) = count(*) then {{ days_between('min(entered_at)', 'max(left_at)') }} end as days
from placed
group by opportunity_id, spell
