{{ config(
    materialized='incremental', changed_rows_only=true, unique_key='person_id', on_schema_change='fail', follows=['int_consents']
) }}
select
    person_id,
    purpose_id,
    purpose,
    state,
    source_record_key,
    changed_at,
    state_of_purpose,
    legal_basis,
    statements,
    is_disputed
from {{ ref('int_consents') }}
where {{ is_due('person_id') }}
