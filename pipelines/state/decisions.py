"""Decisions that were taken: who got which person, by which rule, in which order.

Belongs here: keeping and reading them. How they are taken is in `pipelines.decisions`; what a run decided
from is in `decision_runs`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, insert, select

from pipelines.state.tables import decisions

_AT_ONCE = 500
"""Ids in one question."""


class KeptDecision(NamedTuple):
    """A decision that stands. `sequence` is the order in which all decisions of a kind were taken, from 1."""

    decision_id: str
    sequence: int
    person_id: str
    kind: str
    team: str
    owner_email: str
    rule: str
    reason: str
    decided_at: datetime
    run_id: str
    event_key: str = "new"
    caused_by: str = "new-lead"
    state: str = "assigned"
    pool: str = ""
    previous_owner: str = ""


def load(
    connection: Connection, kind: str, since: datetime | None = None, after: int = 0
) -> tuple[KeptDecision, ...]:
    """Every decision of a kind, or those after a moment or a number, in the order they were taken in."""
    query = select(*decisions.c[*KeptDecision._fields]).where(decisions.c.kind == kind)
    if since is not None:
        query = query.where(decisions.c.decided_at > since)
    if after:
        query = query.where(decisions.c.sequence > after)
    return tuple(KeptDecision(*row) for row in connection.execute(query.order_by(decisions.c.sequence)))


def next_sequence(connection: Connection, kind: str) -> int:
    """The number of the next decision of a kind."""
    last = connection.execute(select(func.max(decisions.c.sequence)).where(decisions.c.kind == kind)).scalar()
    return int(last or 0) + 1


def save(connection: Connection, rows: Iterable[KeptDecision]) -> None:
    """Keep decisions; one that is kept already stays as it was."""
    asked = list(rows)
    kept = _kept(connection, [row.decision_id for row in asked])
    new = [row._asdict() for row in asked if row.decision_id not in kept]
    if new:
        connection.execute(insert(decisions), new)


def _kept(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Those of these decisions that are kept."""
    found: set[str] = set()
    for start in range(0, len(ids), _AT_ONCE):
        some = decisions.c.decision_id.in_(ids[start : start + _AT_ONCE])
        found |= set(connection.execute(select(decisions.c.decision_id).where(some)).scalars())
    return found
