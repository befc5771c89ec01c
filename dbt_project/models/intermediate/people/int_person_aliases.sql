select
    record_key as alias,
    person_id
from {{ ref('int_people_resolved') }}
where kind = 'alias'
