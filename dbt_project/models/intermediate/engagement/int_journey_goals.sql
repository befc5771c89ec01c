-- Whose goals were met, by person: as a lead or as the contact they became.
select
    person_id,
    journey_key,
    count(*) as goals,
    max(occurred_at) as met_at
from {{ ref('int_journey_events') }}
where kind = 'goal' and person_id is not null and journey_key is not null
group by person_id, journey_key
