select
    subscriber_key as record_id,
    subscriber_record_key as record_key,
    person_id,
    status as "Status"
from {{ ref('int_subscribers') }}
where person_id is not null and status is not null
