-- Warm people who may be written to, by their current key; whoever is there already is kept up to date, unless on_leave
-- of config/syncs.yml says that rows go.
select
    existing.record_id,
    existing.record_key,
    existing.person_id,
    leads.email as "EmailAddress",
    leads.person_id as "PersonId",
    substr(leads.first_name, 1, 80) as "FirstName",
    substr(leads.last_name, 1, 80) as "LastName",
    cast(leads.lead_score as bigint) as "LeadScore",
    leads.lifecycle_stage as "LifecycleStage"
from {{ ref('existing_marketing_cloud__people') }} as existing
inner join {{ ref('int_subscribers') }} as subscribers on existing.record_id = subscribers.subscriber_key
inner join {{ ref('unified_leads') }} as leads on existing.person_id = leads.person_id
where
    leads.is_email_valid
    and (
        (
            existing.is_there
            and coalesce((
                select policies.on_leave
                from {{ source('rules', 'data_extensions') }} as policies
                where policies.data_extension = 'crm_people'
            ), 'keep') = 'keep'
        )
        or (
            subscribers.is_current_key
            and not leads.is_opted_out
            and leads.bounce_state != 'hard'
            and leads.lead_score >= 50
        )
    )
