select
    record_key as alias,
    id as person_id,
    since,
    why
from {{ ref('int_people_resolved') }}
where kind = 'alias'
