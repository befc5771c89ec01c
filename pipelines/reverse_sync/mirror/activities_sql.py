"""SQL of activities: what was logged in either CRM in one vocabulary, about whom, and in the other's words.

Belongs here: SELECTs over raw tables and members. `activities` says what becomes of them.
"""

from __future__ import annotations

_HTML = r"<[^>]+>"


def _plain(column: str) -> str:
    """HubSpot keeps text as HTML, Salesforce as it is."""
    lines = f"regexp_replace({column}, '<br */?>|</p>', chr(10), 'g')"
    bare = f"regexp_replace({lines}, '{_HTML}', '', 'g')"
    for said, meant in (("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        bare = f"replace({bare}, '{said}', '{meant}')"
    return f"nullif(trim({bare}, ' ' || chr(9) || chr(10) || chr(13)), '')"


def _hubspot(
    name: str, kind: str, title: str, body: str, done: str, *, at: str = "hs_timestamp",
    ends: str = "null::timestamptz", seconds: str = "null::bigint", place: str = "null::varchar",
    priority: str = "null::varchar", status: str = "null::varchar", outcome: str = "null::varchar",
) -> str:  # fmt: skip
    alive = "deleted_at is null and not coalesce(archived, false)"
    return (
        f"select 'hubspot' as logged_in, '{name}' as object, id, '{kind}' as kind, {title} as title, "
        f"{_plain(body)} as body, {body} as raw_body, {at} as happened_at, {ends} as ends_at, "
        f"{done} as done, {status} as status, {seconds} as seconds, {place} as place, "
        f"{priority} as priority, {outcome} as outcome, hubspot_owner_id as owner, {alive} as is_there "
        f"from raw_hubspot.{name}"
    )


_ALIVE = "deleted_at is null and not coalesce(IsDeleted, false)"
_ZONE = "(select business_zone from rules.run)"
# A day without an hour begins where the business is: in UTC it is the evening before, west of Greenwich.
_DAY_BEGINS = f"timezone({_ZONE}, ActivityDate::timestamp)"
_SALESFORCE = f"""
select 'salesforce' as logged_in, 'Task' as object, Id as id,
    case when not IsClosed then 'task' when TaskSubtype = 'Call' then 'call'
        when TaskSubtype = 'Email' then 'email' else 'task' end as kind,
    Subject as title, nullif(trim(Description), '') as body, Description as raw_body,
    coalesce({_DAY_BEGINS}, CreatedDate) as happened_at, null::timestamptz as ends_at,
    IsClosed as done, Status as status, CallDurationInSeconds::bigint as seconds, null::varchar as place,
    Priority as priority, OwnerId as owner, {_ALIVE} as is_there
from raw_salesforce.task
union all by name
select 'salesforce' as logged_in, 'Event' as object, Id as id, 'meeting' as kind, Subject as title,
    nullif(trim(Description), '') as body, Description as raw_body,
    if(IsAllDayEvent, coalesce({_DAY_BEGINS}, StartDateTime), coalesce(StartDateTime, {_DAY_BEGINS}))
        as happened_at,
    if(IsAllDayEvent and ActivityDate is not null, {_DAY_BEGINS}
        + to_minutes(coalesce(DurationInMinutes, 1440)::bigint), EndDateTime) as ends_at,
    coalesce(EndDateTime, StartDateTime) <= (select as_of from rules.run) as done,
    null::varchar as status, null::bigint as seconds, Location as place, null::varchar as priority,
    OwnerId as owner, {_ALIVE} as is_there
from raw_salesforce.event
"""
_CALL = _hubspot("calls", "call", "hs_call_title", "hs_call_body",
                 "coalesce(hs_call_status, 'COMPLETED') = 'COMPLETED'",
                 seconds="hs_call_duration::bigint // 1000")  # fmt: skip
_EMAIL = _hubspot(
    "emails", "email", "hs_email_subject", "hs_email_text", "coalesce(hs_email_status, 'SENT') = 'SENT'"
)
_MEETING = _hubspot("meetings", "meeting", "hs_meeting_title", "hs_meeting_body",
                    "hs_meeting_outcome = 'COMPLETED'",
                    at="coalesce(hs_meeting_start_time, hs_timestamp)", ends="hs_meeting_end_time",
                    place="hs_meeting_location", outcome="hs_meeting_outcome")  # fmt: skip
_NOTE = _hubspot("notes", "note", "null::varchar", "hs_note_body", "true")
_TASK = _hubspot("tasks", "task", "hs_task_subject", "hs_task_body",
                 "coalesce(hs_task_status, '') = 'COMPLETED'",
                 priority="hs_task_priority", status="hs_task_status")  # fmt: skip
_LOGGED = """
create or replace temp table activities_logged as
select l.*, logged_in || ':' || c.org_id || ':' || l.object || ':' || l.id as source_key,
    coalesce(contains(l.raw_body, '[crm:'), false) as is_ours
from ({}) l join rules.connections c on c.vendor = l.logged_in
"""
LOGGED = _LOGGED.format(" union all by name ".join((_CALL, _EMAIL, _MEETING, _NOTE, _TASK, _SALESFORCE)))
"""Everything that was logged in either CRM."""
MEETINGS_LOGGED = _LOGGED.format(f"{_MEETING} union all by name {_SALESFORCE}")
"""Where only bookings are carried over."""
BOOKED = """
create or replace temp table activities_booked as
select distinct g.meeting_id as id
from decisions.handoffs h
left join intermediate.int_person_aliases p on p.alias = h.person_id
join intermediate.int_person_members m on m.person_id = coalesce(p.person_id, h.person_id)
join staging.stg_hubspot__associations a on a.from_type = 'meetings' and a.to_type = 'contacts'
    and m.record_key = {hubspot} || ':contacts:' || a.to_id
join staging.stg_hubspot__meetings g on g.meeting_id = a.from_id and g.created_at >= h.offered_at
"""
"""Meetings that people booked once they were handed over."""
GONE = """
create or replace temp table activities_gone as
select source_key from activities_logged where not coalesce(is_there, true)
"""
WANTED = """
create or replace temp table activities as
select l.* replace (case when c.target is null or l.logged_in = 'hubspot' then l.kind
    else rtrim(c.target, 's') end as kind)
from activities_logged l left join carried c on c.source_key = l.source_key
where coalesce(is_there, true) and not is_ours
    and (list_contains($wanted, object)
        or object = 'meetings' and l.id in (select id from activities_booked))
    and (c.source_key is not null or l.kind not in ('email', 'call') or done)
    and (c.source_key is not null
        or happened_at >= (select as_of from rules.run) - to_days($days))
"""
"""Needs `carried`: those that are to be carried over, or were; a copy stays what it was made as."""
PEOPLE = """
create or replace temp table activity_people as
select m.person_id, split_part(m.record_key, ':', 1) as vendor, arg_min(m.record_key,
    (split_part(m.record_key, ':', 3) = 'Lead', m.record_key)) as record_key
from intermediate.int_person_members m
left join raw_salesforce.lead l
    on m.record_key like 'salesforce:%:Lead:%' and l.Id = split_part(m.record_key, ':', 4)
where not coalesce(l.IsConverted, false)
group by 1, 2
"""
ABOUT = """
create or replace temp table activity_about as
with hubspot_ends as (
    select from_type as object, from_id as id,
        min(to_id) filter (where to_type = 'contacts') as contact,
        min(to_id) filter (where to_type = 'companies') as company,
        min(to_id) filter (where to_type = 'deals') as deal
    from raw_hubspot.associations
    where from_type in ('calls', 'emails', 'meetings', 'notes', 'tasks') group by 1, 2
),
ends as (
    select 'hubspot' as logged_in, object, id, {hubspot} || ':contacts:' || contact as who,
        {hubspot} || ':companies:' || company as account, {hubspot} || ':deals:' || deal as deal
    from hubspot_ends
    union all
    select 'salesforce', object, id, case when who like '003%' then {salesforce} || ':Contact:' || who
            when who like '00Q%' then {salesforce} || ':Lead:' || who end,
        case when what like '001%' then {salesforce} || ':Account:' || what end,
        case when what like '006%' then {salesforce} || ':Opportunity:' || what end
    from (select 'Task' as object, Id as id, WhoId as who, WhatId as what from raw_salesforce.task
        union all select 'Event', Id, WhoId, WhatId from raw_salesforce.event)
),
other as (select 'hubspot' as logged_in, 'salesforce' as vendor union all select 'salesforce', 'hubspot')
select e.logged_in, e.object, e.id, o.vendor, p.person_id, w.record_key as who_key,
    min(d.record_key) as deal_key, min(a.record_key) as account_key
from ends e join other o on o.logged_in = e.logged_in
left join intermediate.int_person_members p on p.record_key = e.who
left join activity_people w on w.person_id = p.person_id and w.vendor = o.vendor
left join intermediate.int_opportunity_members md on md.record_key = e.deal
left join intermediate.int_opportunity_members d on d.opportunity_id = md.opportunity_id
    and starts_with(d.record_key, o.vendor || ':')
left join intermediate.int_account_members ma on ma.record_key = e.account
left join intermediate.int_account_members a on a.account_id = ma.account_id
    and starts_with(a.record_key, o.vendor || ':')
group by all
"""
"""Of each activity the records at the other CRM that it is about: a person, a deal, an account."""


def day_of(moment: str) -> str:
    """The day of a moment where the business is."""
    return f"strftime(timezone({_ZONE}, {moment}), '%Y-%m-%d')"


_DAY = day_of("a.happened_at")
_MOMENT = "strftime(timezone('UTC', {}), '%Y-%m-%dT%H:%M:%SZ')"
_AT, _ENDS = (
    _MOMENT.format("a.happened_at"),
    _MOMENT.format("coalesce(a.ends_at, a.happened_at + interval 30 minutes)"),
)
_TO_SALESFORCE = f"""
case when a.kind = 'meeting' then json_object('Subject',
    if(a.outcome = 'CANCELED', 'Canceled: ', '') || coalesce(a.title, 'Meeting'), 'Description', a.body,
    'StartDateTime', {_AT}, 'EndDateTime', {_ENDS}, 'Location', a.place, 'OwnerId', w.owner_id_salesforce)
else json_object('Subject', coalesce(a.title, upper(a.kind[1]) || a.kind[2:]), 'Description', a.body,
    'ActivityDate', {_DAY}, 'Status', case when a.done then 'Completed'
        else {{'IN_PROGRESS': 'In Progress', 'WAITING': 'Waiting on someone else',
            'DEFERRED': 'Deferred'}}[a.status] end,
    'Priority', {{'HIGH': 'High', 'MEDIUM': 'Normal', 'LOW': 'Low'}}[a.priority],
    'TaskSubtype', case a.kind when 'call' then 'Call' when 'email' then 'Email' end,
    'CallDurationInSeconds', a.seconds, 'OwnerId', w.owner_id_salesforce) end
""".replace("{'IN_PROGRESS'", "map {'IN_PROGRESS'").replace("{'HIGH'", "map {'HIGH'")
_TO_HUBSPOT = f"""
case a.kind
when 'call' then json_object('hs_call_title', a.title, 'hs_call_body', a.body, 'hs_timestamp', {_AT},
    'hs_call_status', 'COMPLETED', 'hs_call_duration', (a.seconds * 1000)::varchar,
    'hubspot_owner_id', w.owner_id_hubspot)
when 'email' then json_object('hs_email_subject', a.title, 'hs_email_text', a.body, 'hs_timestamp', {_AT},
    'hs_email_direction', 'EMAIL', 'hs_email_status', 'SENT', 'hubspot_owner_id', w.owner_id_hubspot)
when 'meeting' then json_object('hs_meeting_title', a.title, 'hs_meeting_body', a.body, 'hs_timestamp', {_AT},
    'hs_meeting_start_time', {_AT}, 'hs_meeting_end_time', {_ENDS}, 'hs_meeting_location', a.place,
    'hubspot_owner_id', w.owner_id_hubspot)
else json_object('hs_task_subject', coalesce(a.title, 'Task'), 'hs_task_body', a.body, 'hs_timestamp', {_AT},
    'hs_task_status', case when a.done then 'COMPLETED' else coalesce(map {{'In Progress': 'IN_PROGRESS',
        'Waiting on someone else': 'WAITING', 'Deferred': 'DEFERRED'}}[a.status], 'NOT_STARTED') end,
    'hs_task_priority', map {{'High': 'HIGH', 'Normal': 'MEDIUM', 'Low': 'LOW'}}[a.priority],
    'hubspot_owner_id', w.owner_id_hubspot) end
"""
FIELDS = f"""
create or replace temp table activity_fields as
with copies as (
    select c.source_key, l.done as copy_done from carried c
    join activities_logged l on l.source_key = c.copy_key
)
select a.source_key, a.logged_in, b.vendor, a.kind, a.title, a.happened_at, a.done, a.outcome,
    a.object = 'meetings' and a.id in (select id from activities_booked) as is_booked, b.person_id,
    coalesce(c.copy_done, false) as copy_done,
    coalesce(b.who_key, b.deal_key, b.account_key) as parent_key,
    split_part(b.who_key, ':', 4) as who, split_part(coalesce(b.deal_key, b.account_key), ':', 3) || ':'
        || split_part(coalesce(b.deal_key, b.account_key), ':', 4) as what,
    case when b.vendor = 'hubspot' then a.kind || 's' when a.kind = 'meeting' then 'Event'
        else 'Task' end as target,
    case when b.vendor = 'salesforce' then 'Description' when a.kind = 'email' then 'hs_email_text'
        else 'hs_' || a.kind || '_body' end as body_field,
    case when b.vendor = 'salesforce' then 'Status' else 'hs_task_status' end as status_field,
    case a.object when 'tasks' then 'hs_task_status' when 'Task' then 'Status' end as own_status_field,
    case a.object when 'tasks' then 'COMPLETED' when 'Task' then 'Completed' end as own_done,
    a.status as own_status,
    json_merge_patch('{{}}', if(b.vendor = 'salesforce', {_TO_SALESFORCE}, {_TO_HUBSPOT}),
        coalesce(o.said, '{{}}')) as fields
from activities a
join activity_about b on (b.logged_in, b.object, b.id) = (a.logged_in, a.object, a.id)
left join intermediate.int_owners w
    on if(a.logged_in = 'hubspot', w.owner_id_hubspot, w.owner_id_salesforce) = a.owner
left join copies c on c.source_key = a.source_key
left join activity_outcomes o on o.outcome = a.outcome and b.vendor = 'salesforce' and a.kind = 'meeting'
"""
"""The fields of each copy, as JSON without empty ones (a merge patch leaves nulls out). Needs
`activity_outcomes`: outcomes by HubSpot's name, and the field of an event that says each."""
ALIKE = f"""
create or replace temp table activities_alike as
select distinct a.source_key
from activities a
join activity_about b on (b.logged_in, b.object, b.id) = (a.logged_in, a.object, a.id)
join activities_logged o on o.logged_in <> a.logged_in and coalesce(o.is_there, true)
    and {day_of("o.happened_at")} = {_DAY}
    and lower(trim(o.title)) is not distinct from lower(trim(a.title))
join activity_about ob on (ob.logged_in, ob.object, ob.id) = (o.logged_in, o.object, o.id)
    and ob.person_id = b.person_id
"""
"""What the other CRM has already: the same person, subject and day."""
