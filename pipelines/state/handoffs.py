"""Handoffs and their states, whose score crossed a threshold, what automations fired, and actions not yet
done.

Belongs here: keeping and reading these rows. What they mean is in `pipelines.decisions`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from sqlalchemy import Connection, delete, select

from pipelines.state.tables import automation_firings, decision_actions, handoff_scores, handoffs, journal
from pipelines.state.upsert import upsert

HandoffState = Literal["offered", "accepted", "rejected", "recycled", "expired"]
_LONG_AGO = (datetime.min.replace(tzinfo=UTC), "", "")


class Handoff(NamedTuple):
    """One crossing of one person. `completed_at`: everything was done and sales was in touch."""

    handoff_id: str
    handoff: str
    person_id: str
    state: HandoffState
    owner_email: str
    reason: str
    offered_at: datetime
    changed_at: datetime
    completed_at: datetime | None
    run_id: str
    lead_score: int | None = None
    """With which they were handed over."""
    statuses: str = ""
    """What the lead status of each of their records was then, as JSON by record key."""
    undone: str = ""
    """Names of actions that could not be made yet, one a line."""
    stage: str = ""
    """The lifecycle stage it has set: the one of its action, then the one that it was given back to."""

    @property
    def left(self) -> tuple[str, ...]:
        return tuple(self.undone.splitlines())


class Score(NamedTuple):
    """Whether a person's score may fire a handoff again, and how often it did."""

    handoff: str
    person_id: str
    is_armed: bool
    crossings: int


class Firing(NamedTuple):
    firing_id: str
    automation: str
    opportunity_id: str
    event_key: str
    fired_at: datetime
    run_id: str


class PendingAction(NamedTuple):
    """An action as JSON, kept until the journal has it as done."""

    action_key: str
    person_id: str
    content: str
    made_at: datetime
    run_id: str


def load(connection: Connection) -> tuple[Handoff, ...]:
    query = select(*handoffs.c[*Handoff._fields]).order_by(handoffs.c.offered_at, handoffs.c.handoff_id)
    return tuple(Handoff(*row) for row in connection.execute(query))


def save(connection: Connection, rows: Iterable[Handoff]) -> None:
    upsert(connection, handoffs, [row._asdict() for row in rows])


def stages(connection: Connection) -> tuple[tuple[str, str, datetime], ...]:
    """(person, stage, since when) as handoffs have set it last: when they were handed over, or given back."""
    columns = ("person_id", "stage", "state", "offered_at", "changed_at", "handoff_id")
    found: dict[str, tuple[datetime, str, str]] = {}
    for row in connection.execute(select(*handoffs.c[*columns]).where(handoffs.c.stage != "")):
        at = row.changed_at if row.state == "recycled" else row.offered_at
        found[row.person_id] = max(found.get(row.person_id, _LONG_AGO), (at, row.handoff_id, row.stage))
    return tuple((person, stage, at) for person, (at, _, stage) in found.items())


def scores(connection: Connection) -> dict[tuple[str, str], Score]:
    rows = connection.execute(select(*handoff_scores.c[*Score._fields]))
    return {(row[0], row[1]): Score(*row) for row in rows}


def save_scores(connection: Connection, rows: Iterable[Score]) -> None:
    upsert(connection, handoff_scores, [row._asdict() for row in rows])


def firings(connection: Connection) -> tuple[Firing, ...]:
    query = select(*automation_firings.c[*Firing._fields]).order_by(automation_firings.c.firing_id)
    return tuple(Firing(*row) for row in connection.execute(query))


def save_firings(connection: Connection, rows: Iterable[Firing]) -> None:
    upsert(connection, automation_firings, [row._asdict() for row in rows])


def actions(connection: Connection) -> tuple[PendingAction, ...]:
    """Actions that were decided and that the journal does not know as done."""
    done = select(journal.c.action_key).where(journal.c.action_key != "", journal.c.state == "confirmed")
    c = decision_actions.c
    query = select(*c[*PendingAction._fields]).where(c.action_key.not_in(done))
    return tuple(PendingAction(*row) for row in connection.execute(query.order_by(c.made_at, c.action_key)))


def done_of(connection: Connection, prefixes: Iterable[str]) -> dict[str, str]:
    """Action key -> state, of actions whose key begins with one of these and a dot."""
    wanted = set(prefixes)
    query = select(journal.c.action_key, journal.c.state).where(journal.c.action_key != "")
    return {key: state for key, state in connection.execute(query) if key.partition(".")[0] in wanted}


def made_by_us(connection: Connection) -> frozenset[tuple[str, str]]:
    """(vendor, id) of records that actions of this project created."""
    query = select(journal.c.vendor, journal.c.result_id).where(journal.c.result_id != "")
    return frozenset((row[0], row[1]) for row in connection.execute(query))


def keep_actions(connection: Connection, rows: Iterable[PendingAction]) -> None:
    """Keep new actions; one that is known stays as it was decided. What speaks against it today is not kept:
    `pending` works it out in each run."""
    known = set(connection.execute(select(decision_actions.c.action_key)).scalars())
    upsert(connection, decision_actions, [row._asdict() for row in rows if row.action_key not in known])


def drop_actions(connection: Connection, keys: Iterable[str]) -> None:
    """Forget actions that are not to be done any more."""
    for key in keys:
        connection.execute(delete(decision_actions).where(decision_actions.c.action_key == key))
