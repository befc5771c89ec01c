{{ config(materialized='watched', unique_key=touched_record(), as_table=true) }}
-- What sales did with a person outside Salesforce's tasks: calls that were made, e-mails that were sent or came, meetings
-- that took place, messages.
with engagements as (
    select
        'calls' as object,
        call_id as engagement_id,
        record_key,
        'call' as touch_type,
        occurred_at,
        title as content
    from {{ ref('stg_hubspot__calls') }}
    where coalesce(status, 'COMPLETED') = 'COMPLETED'

    union all

    select
        'emails' as object,
        email_id as engagement_id,
        record_key,
        'email' as touch_type,
        occurred_at,
        subject as content
    from {{ ref('stg_hubspot__emails') }}
    where coalesce(status, 'SENT') = 'SENT' and coalesce(direction, 'EMAIL') != 'DRAFT_EMAIL'

    union all

    select
        'meetings' as object,
        meeting_id as engagement_id,
        record_key,
        'meeting' as touch_type,
        coalesce(starts_at, occurred_at) as occurred_at,
        title as content
    from {{ ref('stg_hubspot__meetings') }}
    where outcome = 'COMPLETED'

    union all

    select
        'communications' as object,
        communication_id as engagement_id,
        record_key,
        'message' as touch_type,
        occurred_at,
        channel_type as content
    from {{ ref('stg_hubspot__communications') }}
),

-- Each of the people it was with was touched.
hubspot_touches as (
    select distinct
        engagements.record_key as source_record_key,
        'engagement:' || associations.to_id as kind,
        {{ record_key('hubspot', 'contacts', 'associations.to_id') }} as record_key,
        engagements.occurred_at,
        false as is_day,
        engagements.content,
        engagements.touch_type,
        engagements.touch_type as match_value,
        cast(null as varchar) as detail
    from engagements
    inner join {{ ref('stg_hubspot__associations') }} as associations
        on
            engagements.object = associations.from_type
            and engagements.engagement_id = associations.from_id
            and associations.to_type = 'contacts'
),

-- An event that has ended took place, unless the field that config names says otherwise.
salesforce_touches as (
    select
        record_key as source_record_key,
        'event' as kind,
        case
            when who_id like '003%' then {{ record_key('salesforce', 'Contact', 'who_id') }}
            else {{ record_key('salesforce', 'Lead', 'who_id') }}
        end as record_key,
        coalesce(starts_at, {{ utc_midnight('activity_date') }}) as occurred_at,
        -- An all-day event begins at the first instant of its day in UTC, wherever it takes place.
        coalesce(is_all_day_event, false) or starts_at is null as is_day,
        subject as content,
        'meeting' as touch_type,
        'meeting' as match_value,
        cast(null as varchar) as detail
    from {{ ref('stg_salesforce__events') }}
    where
        who_id is not null
        and coalesce(ends_at, starts_at, {{ utc_midnight('activity_date') }}) <= {{ run_value('as_of') }}
        and coalesce(outcome, 'SCHEDULED') not in ('NO_SHOW', 'CANCELED')
),

channelled as (
    {{ with_channels('hubspot_touches', 'hubspot', 'engagement') }}
    union all
    {{ with_channels('salesforce_touches', 'salesforce', 'task') }}
)

select
    *,
    cast(null as varchar) as campaign_id,
    false as is_response
from channelled
