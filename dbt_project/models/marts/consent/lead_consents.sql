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
