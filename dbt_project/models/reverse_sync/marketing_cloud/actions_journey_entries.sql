-- Whom config/journeys.yml lets into a journey: once for each person, event and occurrence. What speaks against an
-- entry stands in its payload, and the plan holds it with that reason.
with fields as (
    select
        definitions.event_definition_key,
        extensions.data_extension_key,
        string_agg(columns.name, ', ' order by columns.position) filter (
            where columns.is_required
            and columns.default_value is null
            and lower(columns.name) not in ('entryid', 'contactkey', 'emailaddress', 'personid', 'leadscore')
        ) as missing_fields
    from {{ ref('stg_marketing_cloud__event_definitions') }} as definitions
    inner join {{ ref('stg_marketing_cloud__data_extensions') }} as extensions
        on definitions.data_extension_id = extensions.data_extension_id
    left join {{ ref('stg_marketing_cloud__data_extension_fields') }} as columns
        on extensions.data_extension_key = columns.data_extension_key
    group by definitions.event_definition_key, extensions.data_extension_key
),

versions as (
    select
        journey_key,
        arg_max_null(status, (status = 'Published', version)) as status,
        arg_max_null(event_definition_key, (status = 'Published', version)) as listens_to
    from {{ ref('stg_marketing_cloud__journeys') }}
    group by journey_key
),

rules as (
    select
        *,
        case occurrence when 'monthly' then strftime({{ run_value('business_date') }}, '%Y-%m') else 'once' end as occurred_in
    from {{ source('rules', 'journey_entries') }}
),

-- An entry that was made, or may have been, for somebody who was merged into this person since.
done as (
    select
        aliases.person_id,
        rules.name,
        min(aliases.alias) as done_as
    from rules
    cross join {{ ref('int_person_aliases') }} as aliases
    inner join {{ source('ops', 'journal') }} as journal
        on
            journal.state in ('confirmed', 'unknown', 'sent')
            and journal.action_key
            = {{ short_hash("'journey_entry:' || rules.event || ':' || aliases.alias || ':' || rules.occurred_in") }}
    group by aliases.person_id, rules.name
),

writes_for as (
    {{ journey_purposes() }}
),

wanted as (
    select
        rules.*,
        leads.person_id,
        leads.lead_score,
        leads.email,
        subscribers.subscriber_key,
        subscribers.subscriber_record_key
    from rules
    inner join {{ ref('unified_leads') }} as leads
        on
            rules.least_score <= leads.lead_score
            and (len(rules.stages) = 0 or list_contains(rules.stages, leads.lifecycle_stage))
    inner join {{ ref('int_subscribers') }} as subscribers
        on
            leads.person_id = subscribers.person_id
            and subscribers.is_current_key
            and subscribers.key_kind in ('contact_id', 'lead_id')
            and coalesce(subscribers.status, 'Active') = 'Active'
    left join writes_for on rules.journey = writes_for.journey
    left join {{ ref('int_refused_purposes') }} as refused
        on leads.person_id = refused.person_id and writes_for.purpose = refused.purpose
    where
        leads.is_email_valid and not leads.is_opted_out and leads.bounce_state != 'hard'
        and refused.person_id is null
)

select
    {{ short_hash("'journey_entry:' || wanted.event || ':' || wanted.person_id || ':' || wanted.occurred_in") }} as action_key,
    'journeys' as sync,
    'journey_entry' as kind,
    'marketing_cloud' as vendor,
    'Subscriber' as object,
    wanted.subscriber_record_key as record_key,
    wanted.person_id,
    cast(to_json({
        'event': wanted.event,
        'journey': wanted.journey,
        'journey_status': versions.status,
        'listens_to': versions.listens_to,
        'extension': fields.data_extension_key,
        'contact_key': wanted.subscriber_key,
        'missing_fields': fields.missing_fields,
        'already': case
            when done.done_as is not null
                then 'this person has come in already, as ' || done.done_as || ', with whom they were merged'
            when reentry.turned_away is not null then reentry.turned_away
            when goals.met_at is not null and wanted.occurred_in = 'once'
                then 'this person has met the goal of the journey'
        end,
        'data': {
            'ContactKey': wanted.subscriber_key,
            'EmailAddress': wanted.email,
            'PersonId': wanted.person_id,
            'LeadScore': wanted.lead_score
        }
    }) as varchar) as payload,
    cast(null as varchar) as needs,
    'decided' as provider,
    'journeys.yml' as rule,
    wanted.name || ': score ' || wanted.lead_score as reason,
    cast(null as varchar) as reversibility,
    cast(null as timestamptz) as due_at
from wanted
left join fields on wanted.event = fields.event_definition_key
left join done on wanted.person_id = done.person_id and wanted.name = done.name
left join versions on wanted.journey = versions.journey_key
left join {{ ref('int_journey_reentry') }} as reentry
    on wanted.person_id = reentry.person_id and wanted.journey = reentry.journey_key
left join {{ ref('int_journey_goals') }} as goals
    on wanted.person_id = goals.person_id and wanted.journey = goals.journey_key
