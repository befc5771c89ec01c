-- Whose goals were met, by person: as a lead or as the contact they became. That of a journey which Marketing Cloud does
-- not list any more has no key and was met all the same.
select
    person_id,
    journey_key,
    count(*) as goals,
    max(occurred_at) as met_at
from {{ ref('int_journey_events') }}
where kind = 'goal' and person_id is not null
group by person_id, journey_key
