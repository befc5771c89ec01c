{{ config(
    materialized='incremental', unique_key='person_id', on_schema_change='fail', follows=['int_lifecycle_stays']
) }}
select
    stays.person_id,
    stays.record_key,
    stays.vendor as source,
    stays.object as source_object,
    split_part(stays.record_key, ':', 4) as source_id,
    stays.stay,
    stays.vendor_stage,
    stays.canonical_stage,
    stays.entered_at,
    stays.left_at,
    {{ days_between('stays.entered_at', 'stays.left_at') }} as days_in_stage,
    stays.entered_how,
    stays.is_reentry
from {{ ref('int_lifecycle_stays') }} as stays
where {{ is_due('stays.person_id') }}
