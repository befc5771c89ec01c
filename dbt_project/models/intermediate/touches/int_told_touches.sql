{%- set kinds = [
    'membership', 'influenced', 'task', 'engagement', 'contact', 'lead_source', 'form', 'event', 'email', 'visit', 'list', 'marketing'
] -%}
{%- set through = {'int_people': touches_passed_on(), 'int_people_resolved': touches_passed_on()} -%}
{%- for kind in kinds -%}
    {%- do through.update({'int_' ~ kind ~ '_touches': touched_people(is_watched=kind not in ('membership', 'contact'))}) -%}
{%- endfor -%}
{{ config(
    materialized='incremental', changed_rows_only=true, unique_key=owner_of_touch(), through=through, vouched_for=['int_person_registry'],
    all_differ=['touchpoint_id', 'source_record_key'],
    owned={
        'int_engagement_members': 'select person_id as owner, hash(engagements) as hashed from {int_engagement_members} as engagements'
    }
) }}
{{ also_reads('int_people_resolved') }}
-- Every touch that a record tells of, with the person it is of and whether it may earn credit. Which of them tell of the
-- same event is seen among one person's (int_touches).
with {% if not is_unit_test() %}
    nobodies as (
        select cast(substr(due.owner, 8) as ubigint) as record from {{ those_due() }} as due
        where due.owner like 'nobody:%'
    ),
{% endif %}

-- Only of those that are due, whose records are a few of all; and of records that were nobody's, which may be somebody's now.
people as (
    select
        registry.record_key,
        people.person_id
    from (
        select * from {{ ref('int_person_registry') }}
        where {{ is_due('person_id') }}
        {% if not is_unit_test() %}
            union all
            select * from {{ ref('int_person_registry') }}
            where
                not ({{ is_due('person_id') }})
                and {{ may_be_due('hash(record_key)', 'select nobodies.record from nobodies') }}
        {% endif %}
    ) as registry
    inner join {{ ref('int_people') }} as people on registry.person_id = people.person_id
),

{% if not is_unit_test() %}
    records_due as (
        select hash(record_key) as record from people
        union all
        select record from nobodies
    ),
{% endif %}

unioned as (
    {% for kind in kinds %}
        select
            *,
            hash({{ touched_record() }}) as record
        from {{ ref('int_' ~ kind ~ '_touches') }}
        where
            {{ may_be_due('hash(' ~ touched_record() ~ ')', 'select records_due.record from records_due') }}
        {% if not loop.last %}union all by name{% endif %}
    {% endfor %}
),

identified as (
    select
        unioned.* exclude (is_bot, is_tagged, is_day, record),
        people.person_id,
        case
            when unioned.is_day then {{ utc_day('unioned.occurred_at') }}
            else {{ day_by_offset('unioned.occurred_at', 'days.salesforce_offset', 'salesforce_zone') }}
        end as day,
        coalesce(unioned.is_bot, false) as is_bot,
        coalesce(unioned.is_day, false) as is_day,
        {{ short_hash("unioned.source_record_key || ':' || unioned.kind") }} as touchpoint_id,
        coalesce(
            touch_types.earns = 'always'
            or (touch_types.earns = 'responded' and unioned.is_response)
            or (touch_types.earns = 'tagged' and unioned.is_tagged)
            or (unioned.touch_type = 'membership' and lower(unioned.content) in {{ attribution_setting('membership_status') }}),
            false
        )
        and not coalesce(unioned.is_bot, false)
        and coalesce(unioned.channel, 'unknown') not in {{ attribution_setting('earns_without_channel') }} as earns_credit
    from unioned
    left join people on unioned.record_key = people.record_key
    left join {{ source('rules', 'touch_types') }} as touch_types on unioned.touch_type = touch_types.touch_type
    left join {{ ref('int_zone_days') }} as days on {{ utc_day('unioned.occurred_at') }} = days.day
    where {{ is_due(owner_of_touch('people.person_id', 'unioned.record')) }}
),

forms as (
    select
        touchpoint_id,
        person_id,
        campaign_id,
        occurred_at,
        day,
        form_id
    from identified
    where touch_type = 'form' and earns_credit and person_id is not null
),

-- What a form that was sent may have become: a membership of that campaign, with that status where config says which.
sent as (
    select
        touchpoint_id,
        person_id,
        campaign_id,
        occurred_at,
        day,
        cast(null as varchar) as status
    from forms
    where campaign_id is not null
    union all
    select
        forms.touchpoint_id,
        forms.person_id,
        rules.campaign_id,
        forms.occurred_at,
        forms.day,
        rules.status
    from {{ ref('int_form_members') }} as rules
    inner join forms on rules.form_id = forms.form_id
),

-- Memberships that were made of something which earns credit itself: of a click by config/engagement.yml, of a form by
-- config/campaign_members.yml or by anybody on that day. An opening or a goal earns none, and the membership made of it does.
made as (
    select distinct
        memberships.touchpoint_id,
        touches.touchpoint_id as made_of,
        {{ is_of_contact('memberships.record_key') }} as is_of_contact
    from identified as memberships
    inner join {{ ref('int_engagement_members') }} as engagements
        on
            memberships.person_id = engagements.person_id
            and memberships.campaign_id = engagements.campaign_id
            and memberships.content = engagements.status
            -- Salesforce knows the day of a response only; a membership that we make has the day that it is in UTC.
            and memberships.day
            >= least(
                {{ day_of('engagements.occurred_at', 'false', 'salesforce_zone') }},
                cast(engagements.occurred_at at time zone 'UTC' as date)
            )
    inner join identified as touches on engagements.record_key = touches.source_record_key
    where memberships.touch_type = 'membership' and memberships.is_response and touches.earns_credit
    union
    select distinct
        memberships.touchpoint_id,
        sent.touchpoint_id as made_of,
        {{ is_of_contact('memberships.record_key') }} as is_of_contact
    from identified as memberships
    inner join sent on memberships.person_id = sent.person_id and memberships.campaign_id = sent.campaign_id
    where
        memberships.touch_type = 'membership'
        and memberships.is_response
        and (
            memberships.day in (sent.day, {{ utc_day('sent.occurred_at') }})
            -- By config the membership is made when the loop comes by.
            or (memberships.content = sent.status and memberships.occurred_at > sent.occurred_at)
        )
)

select
    identified.touchpoint_id,
    identified.record_key,
    identified.person_id,
    identified.occurred_at,
    identified.is_day,
    -- Where Salesforce's people are: of much it knows the day only.
    identified.day,
    coalesce(identified.channel, 'unknown') as channel,
    identified.source,
    identified.medium,
    identified.campaign_id,
    identified.content,
    identified.touch_type,
    identified.kind,
    identified.is_response,
    identified.is_bot,
    identified.earns_credit,
    identified.source_record_key,
    identified.touchpoint_id in (select made.touchpoint_id from made) as is_made_of_another,
    -- What campaign influence looks at: a contact's membership, also one that stands as the click it was made of.
    (
        identified.touch_type = 'membership'
        and identified.campaign_id is not null
        and {{ is_of_contact('identified.record_key') }}
    )
    or identified.touchpoint_id in (
        select made.made_of from made
        where made.is_of_contact
    ) as is_member
from identified
