{{ config(materialized='watched', unique_key=touched_record()) }}
-- What a person of sales did and a contact noticed, but for Salesforce's tasks: somebody has to be named as its owner. A call
-- counts when it was completed, whoever rang; an e-mail when it was sent by us; a meeting when it took place. The lead's own
-- messages and what marketing sends to many are no answer.
with hubspot_engagements as (
    select
        'calls' as object,
        call_id as engagement_id,
        record_key as source_record_key,
        'call' as kind,
        occurred_at
    from {{ ref('stg_hubspot__calls') }}
    where owner_id is not null and coalesce(status, 'COMPLETED') = 'COMPLETED'

    union all

    select
        'emails' as object,
        email_id as engagement_id,
        record_key as source_record_key,
        'email' as kind,
        occurred_at
    from {{ ref('stg_hubspot__emails') }}
    where
        owner_id is not null
        and coalesce(status, 'SENT') = 'SENT'
        and coalesce(direction, 'EMAIL') not in ('INCOMING_EMAIL', 'DRAFT_EMAIL')

    union all

    select
        'meetings' as object,
        meeting_id as engagement_id,
        record_key as source_record_key,
        'meeting' as kind,
        coalesce(starts_at, occurred_at) as occurred_at
    from {{ ref('stg_hubspot__meetings') }}
    where owner_id is not null and outcome = 'COMPLETED'
),

-- Once, whatever an association is called: most of what is told here is told once, and need not be compared with the rest.
associated as (
    select distinct
        from_type,
        from_id,
        to_id
    from {{ ref('stg_hubspot__associations') }}
    where to_type = 'contacts' and from_type in ('calls', 'emails', 'meetings')
),

hubspot_contacts as (
    select
        {{ record_key('hubspot', 'contacts', 'associated.to_id') }} as record_key,
        engagements.source_record_key,
        engagements.kind,
        engagements.occurred_at
    from hubspot_engagements as engagements
    inner join associated
        on engagements.object = associated.from_type and engagements.engagement_id = associated.from_id
),

-- A meeting that is copied into Salesforce took place if HubSpot says so.
copies as (
    select {{ record_key('salesforce', 'Event', 'result_id') }} as record_key
    from {{ source('ops', 'journal') }}
    where operation = 'activity' and object = 'Event' and result_id != ''
),

salesforce_contacts as (
    -- An event that has ended took place, unless the field that config names says otherwise.
    select
        case
            when who_id like '003%' then {{ record_key('salesforce', 'Contact', 'who_id') }}
            else {{ record_key('salesforce', 'Lead', 'who_id') }}
        end as record_key,
        record_key as source_record_key,
        'meeting' as kind,
        coalesce(starts_at, {{ utc_midnight('activity_date') }}) as occurred_at
    from {{ ref('stg_salesforce__events') }}
    where
        who_id is not null
        and coalesce(ends_at, starts_at, {{ utc_midnight('activity_date') }}) <= {{ run_value('as_of') }}
        and coalesce(outcome, 'SCHEDULED') not in ('NO_SHOW', 'CANCELED')
        and record_key not in (select record_key from copies)
),

unioned as (
    select * from hubspot_contacts
    union all
    select * from salesforce_contacts
)

select * from unioned
where occurred_at <= {{ run_value('as_of') }}
