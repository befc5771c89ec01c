-- A row for each subscriber by a Salesforce id, whether or not it stands in the data extension yet: a row that is not
-- there holds nothing, and is made by the first write.
select
    subscribers.subscriber_key as record_id,
    {{ record_key('marketing_cloud', 'crm_people', 'subscribers.subscriber_key') }} as record_key,
    subscribers.person_id,
    people.email as "EmailAddress",
    nullif(people.person_id, '') as "PersonId",
    nullif(people.first_name, '') as "FirstName",
    nullif(people.last_name, '') as "LastName",
    try_cast(people.lead_score as bigint) as "LeadScore",
    nullif(people.lifecycle_stage, '') as "LifecycleStage",
    people.contact_key is not null as is_there
from {{ ref('int_subscribers') }} as subscribers
left join {{ ref('stg_marketing_cloud__people') }} as people on subscribers.subscriber_key = people.contact_key
where
    subscribers.person_id is not null
    and subscribers.key_kind in ('contact_id', 'lead_id')
