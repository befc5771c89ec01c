"""Decided actions that wait, as they stand today.

Belongs here: what speaks against letting somebody into a journey or a sequence, worked out anew as long as
the action has not gone. What was decided, and its key, stays; so does every other kind of action.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

import duckdb

from pipelines.decisions import routing
from pipelines.decisions.doing import Row
from pipelines.decisions.facts import Facts
from pipelines.rules.notifications import QuietHours

_LETS_IN = ("journey_entry", "enrolment", "list_membership")
_GONE = "this person is not known any more"
_NO_KEY = "this person is no active subscriber by an id any more"


def today(rows: Iterable[Row], here: Mapping[str, str], known: Facts) -> list[Row]:
    """These rows, by what is `known` of who is `here` (`guarded`). One that would let somebody else in is
    left out: it stays in the state, and the next refresh has it."""
    found = []
    for row in rows:
        if row.kind not in _LETS_IN or not row.person_id:
            found.append(row)
        elif row.person_id in here:
            found.append(anew(replace(row, person_id=here[row.person_id]), known))
    return found


def at_their_hour(rows: Iterable[Row], quiet: QuietHours | None, now: datetime) -> list[Row]:
    """These rows, with messages waiting for the end of quiet hours that have begun since they were decided: a
    channel that failed in the evening is tried again in the morning. What was to wait until now waits no
    more, however long ago a CRM last had news."""
    found = []
    for row in rows:
        due = None if row.due_at is None or row.due_at <= now else row.due_at
        if quiet is not None and row.kind == "message":
            until = quiet.until(now, row.payload.get("zone"))
            due = due if until is None else max(until, due or until)
        found.append(replace(row, due_at=due))
    return found


def guarded(
    connection: duckdb.DuckDBPyConnection, rows: Iterable[Row], is_here: Callable[[str], bool]
) -> dict[str, str]:
    """Who would be let in somewhere -> who they are now; those of whom this run knows something new."""
    people = sorted({row.person_id for row in rows if row.kind in _LETS_IN and row.person_id})
    now = routing.people_today(connection, people) if people else ()
    return {each: today for each, today in zip(people, now, strict=True) if is_here(today)}


def anew(row: Row, known: Facts) -> Row:
    """The row with what is known of the person, and of the journey, today."""
    return _entry(row, known) if row.kind == "journey_entry" else _enrolment(row, known)


def _entry(row: Row, known: Facts) -> Row:
    """Whoever has another key since comes in by that one."""
    person_id = row.person_id or ""
    person, who = known.people.get(person_id), known.journeys.subscribers.get(person_id)
    journey = str(row.payload["journey"])
    if person is None or who is None:
        return _with(row, {**known.journeys.of(journey), "already": _GONE if person is None else _NO_KEY})
    purpose = str(row.payload.get("purpose") or "")
    said = known.journeys.entry(
        person_id, person.score, journey,
        opted_out=person.refuses(purpose, known.journeys.purposes.get(journey, "")), purpose=purpose,
    )  # fmt: skip
    return replace(row, record_key=who.record_key, payload=said)


def _enrolment(row: Row, known: Facts) -> Row:
    """Which contact it is stays: the handler looks at that one before it enrols it."""
    person = known.people.get(row.person_id or "")
    refuses = person is None or person.refuses(str(row.payload.get("purpose") or ""))
    if row.kind == "list_membership":
        return _with(row, {"opted_out": refuses})
    if person is None:
        return _with(row, {"already": _GONE})
    fault = known.unfit_to_send(str(row.payload["sender"]))
    against = {"already": fault} if fault or "already" in row.payload else {}
    return _with(row, {"email": person.told["email"], "opted_out": refuses, **against})


def _with(row: Row, more: Mapping[str, object]) -> Row:
    return replace(row, payload={**row.payload, **more})
