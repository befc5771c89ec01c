select
    record_key,
    person_id,
    founded_at
from {{ ref('int_people_resolved') }}
where kind = 'record'
