"""What reps logged in HubSpot: calls, e-mails, meetings, notes, tasks, messages, and who they were with.

Some of what Salesforce has as tasks was logged in both; people whom only HubSpot knows have theirs only here.
"""

from __future__ import annotations

import random

from sandbox.times import DAY, HOUR, MINUTE, iso
from sandbox.worlds.draw import Generator, working_time
from sandbox.worlds.hubspot_rows import Rows
from sandbox.worlds.hubspot_side import HubSpot, Props
from sandbox.worlds.model import Deal, Person
from sandbox.worlds.reps import Rep
from sandbox.worlds.touches import Task

LOGGED_TWICE = 0.3
# HubSpot's own ids of call outcomes: connected, left voicemail, no answer, busy.
DISPOSITIONS = (
    "f240bbac-87c9-4f6e-bf70-924b57d47db7", "b2cf5968-551e-4856-9783-52b3da59a7d0",
    "73a0d17f-1163-4015-bdd5-ec830791da20", "9d9162e7-6cf3-4944-bf63-4dff82258764",
)  # fmt: skip
_NOTES = (
    "Asked for a security questionnaire.", "Budget is decided in {month}.", "Evaluating two other vendors.",
    "Wants a reference in the same industry.", "New manager, starts over with the requirements.",
)  # fmt: skip
_KINDS, _DIRECTIONS = ("Call", "Email", "Meeting", "Other"), ("OUTBOUND", "INBOUND")
_MONTHS = ("January", "March", "April", "June", "September", "October")
_PLURALS = {"Call": "calls", "Email": "emails", "Meeting": "meetings", "Other": "tasks"}


def add(side: HubSpot, tasks: list[Task]) -> None:
    """Store a region's engagements."""
    rng, rows = side.draws("engagements"), Rows(side)
    ids = deal_ids(side)
    for task in [*_shared(rng, side, tasks), *_own(rng, side)]:
        plural = _PLURALS[task.kind]
        props, created, modified = _engagement(rng, side, task)
        record = rows.add(plural, props, created, modified)
        rows.link(plural, record, "contacts", side.contacts[task.person.key])
        rows.link(plural, record, "deals", ids.get(task.deal.key) if task.deal else None)
        if task.done is not None and plural != "tasks":
            side.key.touches.append(
                (task.person.key, "hubspot", plural, str(record), task.kind.lower(), iso(task.at),
                 task.cause_of.key if task.cause_of else None)
            )  # fmt: skip
    _notes(rng, side, rows)
    rows.store()


def deal_ids(side: HubSpot) -> dict[int, int]:
    """The portal's id of each deal of the region that it holds."""
    return {deal: int(record) for deal, vendor, _, record in side.key.deals if vendor == "hubspot"}


def _shared(rng: random.Random, side: HubSpot, tasks: list[Task]) -> list[Task]:
    return [t for t in tasks if t.person.key in side.contacts and rng.random() < LOGGED_TWICE]


def _own(rng: Generator, side: HubSpot) -> list[Task]:
    """With the people Salesforce does not have."""
    deals: dict[int, Deal] = {p.key: d for d in side.business.deals for p in d.contacts}
    found = []
    for person in side.business.people:
        if person.in_salesforce or person.rep is None or person.key not in side.contacts:
            continue
        for _ in range(max(0, round(rng.gauss(2.4, 1.4)))):
            found.append(_task(rng, side, person, person.rep, deals.get(person.key)))
    return found


def _task(rng: Generator, side: HubSpot, person: Person, rep: Rep, deal: Deal | None) -> Task:
    kind = rng.weighted(_KINDS, (40, 74, 90, 100))
    at = working_time(rng, person.created, min(side.business.now, person.created + 200 * DAY))
    done = min(side.business.now, at + rng.randrange(10, 120) * MINUTE) if rng.random() < 0.9 else None
    return Task(person, kind, f"{kind} with {person.first}", at, done, rep, deal)


def _engagement(rng: Generator, side: HubSpot, task: Task) -> tuple[Props, int, int]:
    """Properties, when it was logged and when last changed. Most log at once, some days later."""
    at, done = task.at, task.done
    logged = (done or at) + (rng.randrange(1, 4) * DAY if rng.random() < 0.08 else rng.randrange(5) * MINUTE)
    common = {"hs_timestamp": iso(at), "hubspot_owner_id": str(side.owners[task.rep.email])}
    if task.kind == "Call":
        return common | _call(rng, task), logged, logged
    if task.kind == "Email":
        return common | _email(rng, task), logged, logged
    if task.kind == "Meeting":
        booked = at - rng.randrange(1, 9) * DAY
        return common | _meeting(rng, side, task), booked, done or booked
    status = "COMPLETED" if done is not None else "NOT_STARTED"
    props = common | {
        "hs_task_subject": task.subject, "hs_task_status": status, "hs_task_type": "TODO",
        "hs_task_priority": rng.choice(("NONE", "LOW", "MEDIUM", "HIGH")),
        "hs_task_completion_date": iso(done) if done is not None else "",
    }  # fmt: skip
    return props, at - rng.randrange(5) * DAY, done or at


def _call(rng: Generator, task: Task) -> Props:
    outcome = rng.weighted(DISPOSITIONS, (5, 7, 10, 11)) if task.done is not None else ""
    reached = outcome == DISPOSITIONS[0]
    duration = int(rng.lognormvariate(12.6, 0.8)) if reached else rng.randrange(0, 40_000)
    return {
        "hs_call_title": task.subject, "hs_call_direction": rng.weighted(_DIRECTIONS, (8, 10)),
        "hs_call_disposition": outcome, "hs_call_duration": str(duration if outcome else ""),
        "hs_call_status": "COMPLETED" if outcome else "NO_ANSWER", "hs_call_to_number": task.person.phone,
    }  # fmt: skip


def _email(rng: random.Random, task: Task) -> Props:
    incoming = rng.random() < 0.3
    ours, theirs = task.rep.email, task.person.email
    return {
        "hs_email_subject": task.subject,
        "hs_email_direction": "INCOMING_EMAIL" if incoming else "EMAIL",
        "hs_email_status": "BOUNCED" if not incoming and rng.random() < 0.02 else "SENT",
        "hs_email_from_email": theirs if incoming else ours,
        "hs_email_to_email": ours if incoming else theirs,
        "hs_email_open_count": "" if incoming else str(rng.choice((0, 0, 1, 1, 2, 5))),
        "hs_email_click_count": "" if incoming else str(rng.choice((0, 0, 0, 1))),
        "hs_email_text": f"Hello {task.rep.first if incoming else task.person.first}, ...",
    }


def _meeting(rng: random.Random, side: HubSpot, task: Task) -> Props:
    booked = side.meetings.get(task.rep.email) if rng.random() < 0.45 else None
    end = task.at + rng.choice((30, 30, 45, 60)) * MINUTE
    past = end <= side.business.now
    return {
        "hs_meeting_title": task.subject, "hs_meeting_start_time": iso(task.at),
        "hs_meeting_end_time": iso(end), "hs_activity_type": rng.choice(("Discovery call", "Demo", "Review")),
        "hs_meeting_outcome": "COMPLETED" if task.done is not None and past
        else rng.choice(("NO_SHOW", "CANCELED", "RESCHEDULED")) if past else "SCHEDULED",
        "hs_meeting_location": rng.choice(("Video call", "On site", "")),
        "hs_meeting_source": "MEETINGS_PUBLIC" if booked else "CRM_UI",
        "hs_meeting_source_id": booked[0] if booked else "",
        "hs_meeting_external_url": booked[1] if booked else "",
    }  # fmt: skip


def _notes(rng: random.Random, side: HubSpot, rows: Rows) -> None:
    """Notes on deals, and the odd message to somebody who answers no mail."""
    ids = deal_ids(side)
    for deal in side.business.deals:
        if deal.key not in ids:
            continue
        for _ in range(rng.choice((0, 0, 1, 1, 2))):
            at = working_time(rng, deal.created, max(deal.created, deal.last.at))
            body = rng.choice(_NOTES).format(month=rng.choice(_MONTHS))
            owner = str(side.owners[deal.last.rep.email])
            note = {"hs_timestamp": iso(at), "hs_note_body": f"<p>{body}</p>", "hubspot_owner_id": owner}
            record = rows.add("notes", note, at, at)
            rows.link("notes", record, "deals", ids[deal.key])
            rows.link("notes", record, "contacts", side.contacts.get(deal.contacts[0].key))
        if rng.random() < 0.12 and deal.contacts[0].key in side.contacts:
            at = working_time(rng, deal.created, max(deal.created, deal.last.at)) + HOUR
            message = {
                "hs_timestamp": iso(at), "hs_communication_logged_from": "CRM",
                "hs_communication_channel_type": rng.choice(("WHATS_APP", "LINKEDIN_MESSAGE", "SMS")),
                "hs_communication_body": "<p>Did the proposal reach you?</p>",
                "hubspot_owner_id": str(side.owners[deal.last.rep.email]),
            }  # fmt: skip
            record = rows.add("communications", message, at, at)
            rows.link("communications", record, "contacts", side.contacts[deal.contacts[0].key])
