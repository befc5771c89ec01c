"""What happens to people that a rule may be about: the question for each trigger.

Belongs here: SQL over the refresh in the works and over `routing_people`. Which rule it meets is `leads`.
"""

from __future__ import annotations

LEFT = """
create or replace temp table routing_left as
with held as (
    select distinct m.person_id, o.owner_id, o.is_active, o.left_at
    from intermediate.int_person_members m
    join intermediate.int_person_records r on r.record_key = m.record_key and not r.is_converted
    join intermediate.int_owner_records w on w.vendor = r.vendor and w.source_id = r.owner_source_id
    join intermediate.int_owners o on o.owner_id = w.owner_id
),
gone as (
    select person_id, owner_id as left_owner, left_at from held where not is_active
    union
    select person_id, owner_id, owner_left_at from routing_people
    where owner_id is not null and not owner_active
),
others as (select person_id, min(owner_id) as owner_id from held where is_active group by person_id)
select g.person_id, g.left_owner,
    case when g.left_at is null then p.updated_at else greatest(g.left_at, p.created_at) end as left_at,
    case when p.owner_active then p.owner_id else others.owner_id end as other_owner
from gone g join routing_people p using (person_id) left join others using (person_id)
"""
"""Whose open records are with somebody who has left, since when, and who else has the person. Nobody can say
when an owner went whom no CRM shows any more: what is known then is when the person changed last."""
EVENTS: dict[str, str] = {
    "new-lead": "select person_id, 'new' as event_key, created_at as happened_at, null as "
    "form, null as event, "
    "null as list from routing_people where owner_id is null",
    "owner-left": "select person_id, 'left:' || left_owner, left_at, null, null, null from routing_left",
    "form-submission": "select p.person_id, f.record_key, f.submitted_at, coalesce(forms.name, "
    "f.form_id), null, null "
    "from staging.stg_hubspot__form_submissions f "
    "join (select distinct lower(email) as email, person_id from intermediate.int_person_records "
    "join intermediate.int_person_members using (record_key) where email is not null) p "
    "on lower(f.email) = p.email left join staging.stg_hubspot__forms forms on forms.form_id = f.form_id",
    "event-attendee": "select p.person_id, e.record_key, e.occurred_at, null, coalesce(m.name, "
    "e.event_id), null "
    "from staging.stg_hubspot__marketing_event_participations e "
    "join intermediate.int_person_records r on r.vendor = 'hubspot' and r.object = 'contacts' "
    "and r.record_id = e.contact_id join intermediate.int_person_members p on p.record_key = r.record_key "
    "left join staging.stg_hubspot__marketing_events m on m.marketing_event_id = e.event_id "
    "where e.state = 'ATTENDED'",
    "list-member": "select p.person_id, 'list:' || m.list_id || ':' || p.person_id, m.added_at, null, null, "
    "coalesce(l.name, m.list_id) from staging.stg_hubspot__list_members m "
    "join intermediate.int_person_records r on r.vendor = 'hubspot' and r.object = 'contacts' "
    "and r.record_id = m.record_id join intermediate.int_person_members p on p.record_key = r.record_key "
    "left join staging.stg_hubspot__lists l on l.list_id = m.list_id "
    "where m.object_type in ('0-1', 'contacts')",
    "re-engaged": "select person_id, touchpoint_id, occurred_at, null, null, null from ("
    "select person_id, touchpoint_id, touch_type, occurred_at, "
    "lag(occurred_at) over (partition by person_id order by occurred_at, touchpoint_id) as before "
    "from marts.attribution_touchpoints) where list_contains($touches::varchar[], touch_type) "
    "and occurred_at >= before + to_days($quiet_days::integer) and occurred_at <= $as_of::timestamptz",
}
"""What happens to people: (person, key of the event, when, form, event, list)."""
_OF_MEETINGS = (
    "select m.person_id, g.record_key || '{suffix}', g.{at}, null, g.title, null "
    "from staging.stg_hubspot__meetings g join staging.stg_hubspot__associations a "
    "on a.from_type = 'meetings' and a.from_id = g.meeting_id and a.to_type = 'contacts' "
    "join intermediate.int_person_records r on r.vendor = 'hubspot' and r.object = 'contacts' "
    "and r.record_id = a.to_id join intermediate.int_person_members m on m.record_key = r.record_key "
    "where coalesce(g.outcome, 'SCHEDULED') {outcome}"
)
EVENTS |= {
    trigger: _OF_MEETINGS.format(suffix=suffix, at=at, outcome=outcome)
    for trigger, suffix, at, outcome in (
        ("meeting-booked", "", "created_at", "not in ('CANCELED', 'NO_SHOW')"),
        ("meeting-rebooked", ":rebooked", "updated_at", "= 'RESCHEDULED'"),
        ("meeting-canceled", ":canceled", "updated_at", "= 'CANCELED'"),
        ("meeting-no-show", ":no-show", "updated_at", "= 'NO_SHOW'"),
    )
}
_OF_EVENTS = (
    " union all select m.person_id, e.record_key || '{suffix}', e.{at}, null, e.subject, null "
    "from staging.stg_salesforce__events e "
    "join intermediate.int_person_records r on r.vendor = 'salesforce' and r.record_id = e.who_id "
    "join intermediate.int_person_members m on m.record_key = r.record_key "
    "where coalesce(e.outcome, 'SCHEDULED') {outcome}"
)
for _trigger, _suffix, _at, _outcome in (
    ("meeting-booked", "", "created_at", "not in ('CANCELED', 'NO_SHOW') "
     "and coalesce(e.starts_at, e.created_at) >= e.created_at"),
    ("meeting-rebooked", ":rebooked", "updated_at", "= 'RESCHEDULED'"),
    ("meeting-canceled", ":canceled", "updated_at", "= 'CANCELED'"),
    ("meeting-no-show", ":no-show", "updated_at", "= 'NO_SHOW'"),
):  # fmt: skip
    EVENTS[_trigger] += _OF_EVENTS.format(suffix=_suffix, at=_at, outcome=_outcome)
"""Salesforce's event has no outcome of its own: one that begins after it was written is a booking, and what
else became of it is told by the field that activities.yml names."""
EVENTS["meeting-canceled"] += (
    " union all select m.person_id, e.record_key || ':canceled', e.canceled_at, null, e.subject, null "
    "from staging.stg_salesforce__canceled_events e "
    "join intermediate.int_person_records r on r.vendor = 'salesforce' and r.record_id = e.who_id "
    "join intermediate.int_person_members m on m.record_key = r.record_key"
)
"""One that is deleted before it began was called off."""
_EXTRA = "select person_id, event_key, happened_at, null, event, null from routing_extra where trigger = '{}'"
"""What other parts ask for: handoffs and escalations."""
EVENTS |= {trigger: _EXTRA.format(trigger) for trigger in ("handoff", "escalation")}
OF_LEFT = (
    "left join routing_left l on a.trigger = 'owner-left' and l.person_id = a.person_id "
    "and 'left:' || l.left_owner = a.event_key "
)
MERGED = (
    " union all select a.person_id, 'merged:' || a.alias, a.since, null, null, null "
    "from intermediate.int_person_aliases a where a.since is not null"
)
RECYCLED = (
    " union all select h.person_id, 'recycled:' || h.handoff_id, h.changed_at, null, null, null "
    "from decisions.handoffs h where h.state = 'recycled'"
)
