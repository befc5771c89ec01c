"""Decided actions that wait, as they stand today.

Belongs here: what speaks against letting somebody into a journey or a sequence, worked out anew as long as
the action has not gone. What was decided, and its key, stays; so does every other kind of action.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import duckdb

from pipelines.decisions import facts, routing
from pipelines.decisions.doing import Row
from pipelines.decisions.facts import Facts

_LETS_IN = ("journey_entry", "enrolment")
_GONE = "this person is not known any more"
_NO_KEY = "this person is no active subscriber by an id any more"


def today(
    connection: duckdb.DuckDBPyConnection,
    rows: Sequence[Row],
    is_here: Callable[[str], bool],
    as_of: datetime,
) -> list[Row]:
    """These rows. One that would let somebody in of whom this run knows nothing new (`is_here`) is left out:
    it stays in the state, and the next refresh has it."""
    guarded = [row.person_id for row in rows if row.kind in _LETS_IN and row.person_id]
    if not guarded:
        return list(rows)
    now = dict(zip(guarded, routing.people_today(connection, guarded), strict=True))
    here = {person_id for person_id in now.values() if is_here(person_id)}
    known = facts.gather(connection, here, as_of) if here else Facts()
    found = []
    for row in rows:
        if row.kind not in _LETS_IN or row.person_id is None:
            found.append(row)
        elif now[row.person_id] in here:
            found.append(anew(replace(row, person_id=now[row.person_id]), known))
    return found


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
    said = known.journeys.entry(person_id, person.score, journey, opted_out=person.opted_out)
    return replace(row, record_key=who.record_key, payload=said)


def _enrolment(row: Row, known: Facts) -> Row:
    """Which contact it is stays: the handler looks at that one before it enrols it."""
    person = known.people.get(row.person_id or "")
    if person is None:
        return _with(row, {"already": _GONE})
    return _with(row, {"email": person.told["email"], "opted_out": person.opted_out})


def _with(row: Row, more: Mapping[str, object]) -> Row:
    return replace(row, payload={**row.payload, **more})
