"""Decisions that were taken: who got which person, by which rule, in which order.

Belongs here: keeping and reading them. How they are taken is in `pipelines.decisions`; what a run decided
from is in `decision_runs`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, insert, select

from pipelines.state.tables import decisions


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


def load(connection: Connection, kind: str, since: datetime | None = None) -> tuple[KeptDecision, ...]:
    """Every decision of a kind, or those after a moment, in the order in which they were taken."""
    query = select(*decisions.c[*KeptDecision._fields]).where(decisions.c.kind == kind)
    if since is not None:
        query = query.where(decisions.c.decided_at > since)
    return tuple(KeptDecision(*row) for row in connection.execute(query.order_by(decisions.c.sequence)))


def next_sequence(connection: Connection, kind: str) -> int:
    """The number of the next decision of a kind."""
    last = connection.execute(select(func.max(decisions.c.sequence)).where(decisions.c.kind == kind)).scalar()
    return int(last or 0) + 1


def save(connection: Connection, rows: Iterable[KeptDecision]) -> None:
    """Keep decisions; one that is kept already stays as it was."""
    kept = set(connection.execute(select(decisions.c.decision_id)).scalars())
    new = [row._asdict() for row in rows if row.decision_id not in kept]
    if new:
        connection.execute(insert(decisions), new)
