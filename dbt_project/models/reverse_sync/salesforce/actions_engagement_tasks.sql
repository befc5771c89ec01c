-- A task of Salesforce for what config/engagement.yml names: one for each person, rule and mailing, for whoever owns the
-- person there. What lies further back than the rule says makes none.
with matched as (
    select
        rules.*,
        engagements.person_id,
        engagements.mailing as mailing_name,
        engagements.url as address,
        engagements.occurred_at
    from {{ ref('int_engagements') }} as engagements
    inner join {{ source('rules', 'engagement_tasks') }} as rules
        on
            {{ is_engagement_of('engagements', 'rules') }}
            and engagements.occurred_at > {{ run_value('as_of') }} - to_days(cast(rules.within_days as integer))
),

first_ones as (
    select *
    from matched
    qualify row_number() over (
        partition by name, person_id, mailing_name order by occurred_at, address
    ) = 1
)

select
    {{ short_hash("'engagement_task:' || first_ones.name || ':' || first_ones.person_id || ':' || coalesce(first_ones.mailing_name, '')") }} as action_key,
    'salesforce_engagement_tasks' as sync,
    'task' as kind,
    'salesforce' as vendor,
    'Task' as object,
    {{ salesforce_person_key('leads') }} as record_key,
    first_ones.person_id,
    cast(to_json({
        'subject': replace(
            replace(first_ones.subject, '{mailing}', coalesce(first_ones.mailing_name, '')),
            '{url}', coalesce(first_ones.address, '')
        ),
        'body': first_ones.did || ': ' || coalesce(first_ones.mailing_name, '') || coalesce(' ' || first_ones.address, ''),
        'owner_id': owners.owner_id_salesforce,
        'priority': first_ones.priority,
        'status': first_ones.status,
        'due_at': cast(
            cast(first_ones.occurred_at at time zone {{ run_value('business_zone') }} as date)
            + cast(first_ones.due_in_days as integer) as varchar
        )
    }) as varchar) as payload,
    cast(null as varchar) as needs,
    'computed' as provider,
    'engagement.yml' as rule,
    first_ones.name || ', ' || first_ones.did || ': ' || coalesce(first_ones.mailing_name, '') as reason,
    cast(null as varchar) as reversibility,
    cast(null as timestamptz) as due_at
from first_ones
inner join {{ ref('unified_leads') }} as leads on first_ones.person_id = leads.person_id
left join {{ ref('int_owners') }} as owners on leads.owner_id = owners.owner_id
where coalesce(leads.contact_id_salesforce, leads.lead_id_salesforce) is not null
