"""What a run decided from: rules as confirmed, the state before, each lead; so that it can be decided again.

Belongs here: keeping and reading these rows. What they mean is in `pipelines.decisions`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select, update

from pipelines.state.tables import decision_inputs, decision_rules, decision_runs, decision_states
from pipelines.state.upsert import upsert


class SeenRule(NamedTuple):
    """A rule in one of its versions. `confirmed_at` None: it decides in shadow."""

    kind: str
    rule: str
    content_hash: str
    content: str
    first_seen_at: datetime
    active_from: datetime
    confirmed_at: datetime | None


class DecidedRun(NamedTuple):
    """One run: when, by which rules (JSON), going on from which state (JSON), from which sequence."""

    run_id: str
    kind: str
    decided_at: datetime
    rules: str
    state_before: str
    sequence: int


class Input(NamedTuple):
    """One lead of a run, and what came of it, as JSON."""

    run_id: str
    kind: str
    person_id: str
    event_key: str
    content: str
    decided: str


def rules(connection: Connection, kind: str) -> tuple[SeenRule, ...]:
    """Every version of every rule that was ever seen, the oldest first."""
    query = select(*decision_rules.c[*SeenRule._fields]).where(decision_rules.c.kind == kind)
    order = (decision_rules.c.first_seen_at, decision_rules.c.rule, decision_rules.c.content_hash)
    return tuple(SeenRule(*row) for row in connection.execute(query.order_by(*order)))


def see(connection: Connection, seen: Iterable[SeenRule]) -> None:
    """Keep rules that are new; one that is known stays as it was."""
    known = {
        tuple(row) for row in connection.execute(select(*decision_rules.c["kind", "rule", "content_hash"]))
    }
    new = [row for row in seen if (row.kind, row.rule, row.content_hash) not in known]
    upsert(connection, decision_rules, [row._asdict() for row in new])


def version(connection: Connection) -> str:
    """Changes whenever a rule is confirmed."""
    row = connection.execute(
        select(func.count(decision_rules.c.confirmed_at), func.max(decision_rules.c.active_from))
    ).one()
    return f"{row[0]} {row[1]}"


def confirm(
    connection: Connection,
    kind: str,
    rule: str,
    content_hash: str,
    at: datetime,
    active_from: datetime | None,
) -> None:
    """From now on a version of a rule may be acted upon."""
    values: dict[str, Any] = {"confirmed_at": at} | ({"active_from": active_from} if active_from else {})
    c = decision_rules.c
    connection.execute(
        update(decision_rules)
        .where(c.kind == kind, c.rule == rule, c.content_hash == content_hash)
        .values(values)
    )


def state(connection: Connection, kind: str) -> str:
    """What the latest published run left, as JSON; `{}` before the first."""
    found = connection.execute(
        select(decision_states.c.content).where(decision_states.c.kind == kind)
    ).scalar()
    return found or "{}"


def keep_state(connection: Connection, kind: str, content: str, run_id: str, at: datetime) -> None:
    upsert(
        connection, decision_states, [{"kind": kind, "content": content, "run_id": run_id, "decided_at": at}]
    )


def keep_run(connection: Connection, run: DecidedRun, inputs: Sequence[Input]) -> None:
    upsert(connection, decision_runs, [run._asdict()])
    upsert(connection, decision_inputs, [row._asdict() for row in inputs])


def runs(connection: Connection, kind: str) -> tuple[DecidedRun, ...]:
    """Every run that decided something, the oldest first."""
    query = select(*decision_runs.c[*DecidedRun._fields]).where(decision_runs.c.kind == kind)
    order = (decision_runs.c.decided_at, decision_runs.c.run_id)
    return tuple(DecidedRun(*row) for row in connection.execute(query.order_by(*order)))


def inputs(connection: Connection, run_id: str, kind: str) -> tuple[Input, ...]:
    c = decision_inputs.c
    query = select(*c[*Input._fields]).where(c.run_id == run_id, c.kind == kind)
    return tuple(Input(*row) for row in connection.execute(query.order_by(c.person_id, c.event_key)))
