"""The tables of routing in the refresh in the works, and their way into the state once the gates have passed.

Belongs here: `decisions.assignments`, `decisions.shadow` and `decisions.fairness`, which people and models
read, and schema `deciding`, which waits for publish: the run, its inputs, the rules that were seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import duckdb
import orjson
import pyarrow as pa
from sqlalchemy import Connection

from pipelines.decisions.assignment import Assignment, Lead
from pipelines.decisions.ids import decision_id
from pipelines.run import Run
from pipelines.state import decision_runs, decisions
from pipelines.state.decision_runs import DecidedRun, Input, SeenRule
from pipelines.state.decisions import KeptDecision

KIND = "routing"
_AT = pa.timestamp("us", tz="UTC")
_ASSIGNMENTS = pa.schema(
    [
        *((name, pa.string()) for name in ("decision_id", "person_id", "team", "owner_email")),
        *((name, pa.string()) for name in ("rule", "reason", "state")),
        ("decided_at", _AT),
        ("run_id", pa.string()),
        ("sequence", pa.int64()),
        *((name, pa.string()) for name in ("event_key", "caused_by", "pool", "previous_owner")),
        ("held_until", _AT),
    ]
)
_FAIRNESS = pa.schema(
    [
        ("pool", pa.string()),
        ("owner_email", pa.string()),
        ("leads", pa.int64()),
        ("beyond_share", pa.float64()),
    ]
)
_RUN = pa.schema(
    [*((n, pa.string()) for n in ("run_id", "rules", "state_before", "state_after")), ("decided_at", _AT),
     ("sequence", pa.int64())]
)  # fmt: skip
_INPUTS = pa.schema([(name, pa.string()) for name in ("person_id", "event_key", "content", "decided")])
_SEEN = pa.schema(
    [*((n, pa.string()) for n in ("kind", "rule", "content_hash", "content")), ("first_seen_at", _AT),
     ("active_from", _AT), ("confirmed_at", _AT)]
)  # fmt: skip


class Tables:
    """The tables of one run."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, run: Run, as_of: datetime) -> None:
        self.connection, self.run_id, self.as_of = connection, run.id, as_of
        for schema in ("decisions", "deciding"):
            connection.execute(f"create schema if not exists {schema}")

    def assignments(self, standing: Sequence[KeptDecision], held: Sequence[Assignment]) -> None:
        rows: list[tuple[Any, ...]] = [
            (
                d.decision_id,
                d.person_id,
                d.team,
                d.owner_email or None,
                d.rule,
                d.reason,
                d.state,
                d.decided_at,
                d.run_id,
                d.sequence,
                d.event_key,
                d.caused_by,
                d.pool,
                d.previous_owner or None,
                None,
            )
            for d in standing
        ]
        rows += [
            (
                decision_id(KIND, a.person_id, a.event_key),
                a.person_id,
                a.team,
                None,
                a.rule,
                a.reason,
                "held",
                self.as_of,
                self.run_id,
                None,
                a.event_key,
                a.trigger,
                "",
                None,
                _moment(a.held_until),
            )
            for a in held
        ]
        write(self.connection, "decisions.assignments", _ASSIGNMENTS, rows)

    def shadow(self, made: Sequence[Assignment]) -> None:
        """What rules in shadow would have decided; nothing is done about it."""
        rows = [
            (
                decision_id(KIND, a.person_id, a.event_key),
                a.person_id,
                a.team,
                a.owner_email,
                a.rule,
                a.reason,
                a.state,
                _moment(a.decided_at),
                self.run_id,
                None,
                a.event_key,
                a.trigger,
                a.pool,
                None,
                _moment(a.held_until),
            )
            for a in made
        ]
        write(self.connection, "decisions.shadow", _ASSIGNMENTS, rows)

    def fairness(self, rows: Iterable[tuple[str, str, int, float]]) -> None:
        write(self.connection, "decisions.fairness", _FAIRNESS, list(rows))

    def run(
        self, rules: Mapping[str, Any], before: str, after: Mapping[str, Any], sequence: int,
        decided: Sequence[tuple[Lead, Assignment]],
    ) -> None:  # fmt: skip
        row = (self.run_id, _json(rules), before, _json(after), self.as_of, sequence)
        write(self.connection, "deciding.routing_run", _RUN, [row])
        rows = [(lead.person_id, lead.event_key, _json(list(lead)), _json(list(a))) for lead, a in decided]
        write(self.connection, "deciding.routing_inputs", _INPUTS, rows)

    def seen(self, rows: Sequence[SeenRule]) -> None:
        write(self.connection, "deciding.routing_rules", _SEEN, [tuple(row) for row in rows])


def publish(state: Connection, connection: duckdb.DuckDBPyConnection) -> int:
    """Keep what the work file holds of routing, once the gates have passed. Returns how many are new."""
    rows = connection.execute(
        "select decision_id, sequence, person_id, ?, team, coalesce(owner_email, "
        "''), rule, reason, decided_at, "
        "run_id, event_key, caused_by, state, pool, coalesce(previous_owner, '') "
        "from decisions.assignments where state <> 'held' "
        "and run_id in (select run_id from deciding.routing_run) order by sequence",
        [KIND],
    ).fetchall()
    decisions.save(state, [KeptDecision(*row) for row in rows])
    seen = connection.execute("from deciding.routing_rules").fetchall()
    decision_runs.see(state, [SeenRule(*row) for row in seen])
    for run_id, rules, before, after, decided_at, sequence in connection.execute(
        "from deciding.routing_run"
    ).fetchall():
        inputs = [
            Input(run_id, KIND, *row) for row in connection.execute("from deciding.routing_inputs").fetchall()
        ]
        if any(orjson.loads(row.decided)[6] != "held" for row in inputs):
            decision_runs.keep_run(
                state, DecidedRun(run_id, KIND, decided_at, rules, before, sequence), inputs
            )
            decision_runs.keep_state(state, KIND, after, run_id, decided_at)
    return len(rows)


def write(
    connection: duckdb.DuckDBPyConnection, name: str, schema: pa.Schema, rows: Sequence[tuple[Any, ...]]
) -> None:
    """Replace a table by these rows."""
    columns = list(zip(*rows, strict=True)) if rows else [() for _ in schema]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    connection.register("decided", pa.table(arrays, schema=schema))
    connection.execute(f"create or replace table {name} as select * from decided")
    connection.unregister("decided")


def _moment(at: float | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
