{%- set types_of_sales = "('call', 'email', 'meeting', 'task', 'message')" -%}
{{ config(
    materialized='incremental', changed_rows_only=true, unique_key=owner_of_touch(), follows=['int_told_touches'],
    all_differ=['touchpoint_id', 'source_record_key'],
    gone=['person_id', 'occurred_at', 'day', 'channel', 'campaign_id', 'is_response', 'earns_credit', 'is_counted']
) }}

-- The touches of a person are worked out together; those of nobody by the record that they are of.
-- What happened once counts once: of touches that tell of the same event all but one are copies.
-- Kept once of those that are due. In a build in full it would be all columns of all touches, which do not fit in memory: there
-- it is read anew wherever it is looked at (`of_everybody`).
with told as materialized (
    select * from {{ ref('int_told_touches') }}
    where {{ is_due(owner_of_touch()) }}
),

-- A form that is sent again within a minute was sent once, by somebody impatient.
forms as (
    select
        touchpoint_id,
        occurred_at - lag(occurred_at) over (
            partition by person_id, content order by occurred_at, touchpoint_id
        ) as since_last
    from told
    where touch_type = 'form'
),

of_sales as (
    select
        touchpoint_id,
        person_id,
        touch_type,
        occurred_at,
        day,
        split_part(source_record_key, ':', 1) as crm,
        coalesce({{ slug_text('content') }}, '') as subject
    from told
    where touch_type in {{ types_of_sales }} and person_id is not null
),

-- What was done once of its kind on a day on a subject is told of once.
done_again as (
    select hash(person_id, touch_type, day, subject) as done
    from of_sales
    group by hash(person_id, touch_type, day, subject)
    having count(*) > 1
),

-- The first call of a day on a subject in one CRM is the first in the other; and so is the second.
activities as (
    select
        touchpoint_id,
        day,
        subject,
        row_number() over (
            partition by person_id, touch_type, crm, day, subject order by occurred_at, touchpoint_id
        ) as nth_of_day
    from of_sales
    where hash(person_id, touch_type, day, subject) in (select done_again.done from done_again)
),

-- Several records may tell of one event: a lead and a contact, or two contacts, of one person, or both CRMs. It happened
-- once. A membership that earns nothing without a response is no event but a list entry, and each of them stands.
events as (
    select
        told.touchpoint_id,
        told.person_id,
        case
            -- To attend is one thing, whether it stands as a marketing event or as a campaign's response.
            when told.touch_type in ('membership', 'event') and told.is_response and told.campaign_id is not null
                then 'response:' || told.campaign_id || ':' || told.day
            -- A status that earns without a response is dated by when the member was made, which two records of one person
            -- are not in the same second.
            when told.touch_type = 'membership' and told.campaign_id is not null
                then concat_ws(
                    ':',
                    'member',
                    told.campaign_id,
                    told.day,
                    lower(told.content)
                )
            -- A person came to be once, however many records say from where.
            when told.touch_type = 'original_source' then 'original_source'
            when activities.touchpoint_id is not null
                then told.touch_type || ':' || activities.day || ':' || activities.subject || ':' || activities.nth_of_day
            else
                told.touch_type || ':' || coalesce(told.campaign_id, '') || ':'
                || coalesce(cast(epoch_us(told.occurred_at) as varchar), '') || ':'
                || case when told.campaign_id is null then coalesce(told.content, '') else '' end
        end as event,
        -- Of two sources the one that says something, then HubSpot's, which knows the minute.
        not told.earns_credit as earns_nothing,
        told.channel in {{ attribution_setting('coverage_without_channel') }} as says_nothing,
        told.kind = 'lead_source' as is_of_the_day,
        case when told.touch_type = 'original_source' then told.occurred_at end as came_at,
        told.is_member,
        told.source_record_key
    from told
    left join activities on told.touchpoint_id = activities.touchpoint_id
    where
        told.person_id is not null
        and not told.is_bot
        and not (told.touch_type = 'membership' and not told.is_response and not told.earns_credit)
        and (told.touch_type not in {{ types_of_sales }} or activities.touchpoint_id is not null)
),

-- Most events are told of once: what stands for an event is asked only where more than one touch tells of it.
repeated as (
    select hash(person_id, event) as told_of
    from events
    group by hash(person_id, event)
    having count(*) > 1
),

numbered as (
    select
        touchpoint_id,
        row_number() over (
            partition by person_id, event
            order by earns_nothing, says_nothing, is_of_the_day, came_at, source_record_key, touchpoint_id
        ) as copy,
        bool_or(is_member) over (partition by person_id, event) as tells_of_member
    from events
    where hash(person_id, event) in (select repeated.told_of from repeated)
),

-- HubSpot lists whom a campaign influenced by anything that they did: what they did stands, and each campaign once.
listed as (
    select
        touchpoint_id,
        kind = 'influenced' as is_listed,
        row_number() over (
            partition by person_id, campaign_id order by kind = 'influenced', occurred_at, touchpoint_id
        ) as nth_of_campaign
    from told
    where
        campaign_id is not null
        and person_id is not null
        and not is_bot
        and person_id in (
            select influenced.person_id from told as influenced
            where influenced.kind = 'influenced'
        )
),

merged as (
    select touchpoint_id
    from numbered
    where copy > 1
    union all
    -- What a contact's properties say of a form, and the form itself, are one.
    select conversions.touchpoint_id
    from told as conversions
    inner join told as sent
        on
            conversions.person_id = sent.person_id
            and sent.occurred_at
            between conversions.occurred_at - interval 1 minute and conversions.occurred_at + interval 1 minute
    where conversions.touch_type = 'conversion' and sent.touch_type = 'form'
    union all
    select touchpoint_id from listed
    where is_listed and nth_of_campaign > 1
    union all
    select touchpoint_id from forms
    where since_last <= interval 1 minute
),

acts as (
    select
        touchpoint_id,
        person_id,
        occurred_at,
        touch_type,
        campaign_id,
        touchpoint_id in (select merged.touchpoint_id from merged) as is_merged
    from told
    where touch_type in ('form', 'conversion', 'page_visit', 'email_click') and earns_credit and not is_bot
),

-- The first and the latest source in a contact's properties are how they came to what they did at that very moment, where
-- HubSpot has that too. It is one touch: what they did stands, or the form that stands for it, and where that says only that a form was sent,
-- from where they came is added. Where nothing stands for what they did, the source does.
arrived as (
    select
        stands.touchpoint_id,
        sources.touchpoint_id as source_id,
        sources.channel,
        sources.source,
        sources.medium,
        sources.campaign_id,
        stands.touch_type in ('form', 'conversion')
        and stands.campaign_id is null
        and sources.channel != 'direct'
        and sources.channel not in {{ attribution_setting('coverage_without_channel') }} as says_more
    from told as sources
    inner join acts on sources.person_id = acts.person_id and sources.occurred_at = acts.occurred_at
    inner join acts as stands
        on
            acts.person_id = stands.person_id
            and not stands.is_merged
            and (
                acts.touchpoint_id = stands.touchpoint_id
                or (
                    acts.is_merged
                    and stands.touch_type = 'form'
                    and stands.occurred_at
                    between acts.occurred_at - interval 1 minute and acts.occurred_at + interval 1 minute
                )
            )
    where sources.kind in ('original_source', 'latest_source')
    qualify
        row_number() over (
            partition by sources.touchpoint_id, acts.touchpoint_id
            order by abs(epoch_us(stands.occurred_at) - epoch_us(acts.occurred_at)), stands.touchpoint_id
        ) = 1
),

added as (
    select *
    from arrived
    where says_more
    qualify row_number() over (partition by touchpoint_id order by source_id) = 1
),

copies as (
    select touchpoint_id from merged
    union all
    select source_id as touchpoint_id from arrived
)

select
    told.touchpoint_id,
    told.record_key,
    told.person_id,
    -- From here on instants are compared, with the end of a closing day and others: the first that is that day both where
    -- Salesforce's people and where the business is.
    case
        when told.is_day
            then coalesce(
                days.begun_at, greatest({{ day_begins('told.day', 'salesforce_zone') }}, {{ day_begins('told.day') }})
            )
        else told.occurred_at
    end as occurred_at,
    coalesce(added.channel, told.channel) as channel,
    case when added.says_more then added.source else told.source end as source,
    case when added.says_more then added.medium else told.medium end as medium,
    coalesce(told.campaign_id, added.campaign_id) as campaign_id,
    told.content,
    told.touch_type,
    told.is_response,
    told.is_bot,
    told.earns_credit,
    told.source_record_key,
    -- Where the business is.
    coalesce(
        case
            when told.is_day then days.begun_on
            else {{ day_by_offset('told.occurred_at', 'days.business_offset') }}
        end,
        cast(
            greatest({{ day_begins('told.day', 'salesforce_zone') }}, {{ day_begins('told.day') }})
            at time zone {{ run_value('business_zone') }} as date
        )
    ) as day,
    told.person_id is not null
    and told.occurred_at is not null
    and not told.is_bot
    -- The click stands, not the membership that was made of it.
    and not told.is_made_of_another
    and told.touchpoint_id not in (select copies.touchpoint_id from copies) as is_counted,
    -- A copy that was a membership is one still, to campaign influence: what stands for it is.
    coalesce(numbered.tells_of_member, told.is_member) as is_member
from told
left join numbered on told.touchpoint_id = numbered.touchpoint_id
left join added on told.touchpoint_id = added.touchpoint_id
left join {{ ref('int_zone_days') }} as days on {{ utc_day('told.occurred_at') }} = days.day
