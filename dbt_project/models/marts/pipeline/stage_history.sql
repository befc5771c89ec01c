{{ config(materialized='view') }}

-- Stays as they are kept, which the clock does not make new: it only tells how long an open one has lasted. Publishing makes
-- a table of it.
select
    opportunity_id,
    stay,
    vendor,
    pipeline,
    stage,
    stage_label,
    canonical_stage,
    entered_at,
    left_at,
    days_in_stage,
    case
        when left_at is null then greatest(0, {{ days_between('entered_at', run_value('as_of')) }})
    end as days_so_far,
    is_reentry
from {{ ref('int_stage_history') }}
