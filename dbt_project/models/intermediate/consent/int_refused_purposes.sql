-- Who refuses all e-mail refuses each purpose, also one of which nobody has said a word.
select
    persons.person_id,
    purposes.purpose,
    purposes.purpose_id,
    persons.consent = 'opted_out' as is_of_all
from {{ ref('int_person_consents') }} as persons
cross join {{ source('rules', 'consent_purposes') }} as purposes
left join {{ ref('int_consents') }} as consents
    on persons.person_id = consents.person_id and purposes.purpose_id = consents.purpose_id
where persons.consent = 'opted_out' or consents.state = 'opted_out'
