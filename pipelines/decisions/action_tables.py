"""`decisions.actions` and `decisions.handoffs` in the refresh in the works, and their way into the state.

Belongs here: the rows that plan and apply read, kept until the journal has them as done; messages to one
place put together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import duckdb
import orjson
import pyarrow as pa
from sqlalchemy import Connection

from pipelines.decisions.doing import Row
from pipelines.decisions.ids import short
from pipelines.decisions.routing_tables import write
from pipelines.decisions.switching import Shadow
from pipelines.run import Run
from pipelines.state import decision_runs, handoffs
from pipelines.state.decision_runs import DecidedRun, Input, SeenRule
from pipelines.state.handoffs import Firing, Handoff, PendingAction, Score

_AT = pa.timestamp("us", tz="UTC")


_LISTED = 100
"""Messages that are named in one that stands for many: Slack takes so many letters and no more."""


def _texts(*names: str) -> list[tuple[str, pa.DataType]]:
    return [(name, pa.string()) for name in names]


_ACTIONS = pa.schema(
    [
        *_texts(
            "action_key", "sync", "kind", "vendor", "object", "record_key", "person_id", "payload", "needs"
        ),
        *_texts("provider", "rule", "reason", "reversibility"),
        ("due_at", _AT),
        ("place", pa.int64()),
    ]
)
_NEW = pa.schema([*_texts("action_key", "person_id", "content"), ("made_at", _AT), *_texts("run_id")])
_HANDOFFS = pa.schema(
    [*_texts("handoff_id", "handoff", "person_id", "state", "owner_email", "reason"), ("offered_at", _AT),
     ("changed_at", _AT), ("completed_at", _AT), *_texts("run_id"), ("lead_score", pa.int64()),
     *_texts("statuses", "undone", "stage")]
)  # fmt: skip
_SCORES = pa.schema([*_texts("handoff", "person_id"), ("is_armed", pa.bool_()), ("crossings", pa.int64())])
_FIRINGS = pa.schema(
    [*_texts("firing_id", "automation", "opportunity_id", "event_key"), ("fired_at", _AT), *_texts("run_id")]
)
_RUNS = pa.schema(
    [*_texts("run_id", "kind"), ("decided_at", _AT), *_texts("rules", "state_before"),
     ("sequence", pa.int64())]
)  # fmt: skip
_INPUTS = pa.schema(_texts("run_id", "kind", "person_id", "event_key", "content", "decided"))
_SEEN = pa.schema(
    [*_texts("kind", "rule", "content_hash", "content"), ("first_seen_at", _AT), ("active_from", _AT),
     ("confirmed_at", _AT)]
)  # fmt: skip


class Tables:
    """The tables of one run."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, run: Run, as_of: datetime) -> None:
        self.connection, self.run_id, self.as_of = connection, run.id, as_of
        for schema in ("decisions", "deciding"):
            connection.execute(f"create schema if not exists {schema}")

    def actions(
        self, known: Collection[str], waiting: Sequence[Row], new: Sequence[Row], dropped: set[str]
    ) -> None:
        """Those that wait and those that are new; a key that is `known` is decided once."""
        fresh = [row for row in new if row.action_key not in known]
        write(self.connection, "decisions.actions", _ACTIONS, [_cells(row) for row in [*waiting, *fresh]])
        kept = [(r.action_key, r.person_id or "", _json(r), self.as_of, self.run_id) for r in fresh]
        write(self.connection, "deciding.actions", _NEW, kept)
        gone = pa.schema(_texts("action_key"))
        write(self.connection, "deciding.dropped_actions", gone, [(key,) for key in sorted(dropped)])

    def handoffs(self, rows: Sequence[Handoff], scores: Sequence[Score]) -> None:
        """`decisions.handoffs` has all there ever were; those that changed wait for publish."""
        write(self.connection, "deciding.handoffs", _HANDOFFS, [tuple(row) for row in rows])
        write(self.connection, "deciding.handoff_scores", _SCORES, [tuple(row) for row in scores])

    def all_handoffs(self, rows: Sequence[Handoff]) -> None:
        write(self.connection, "decisions.handoffs", _HANDOFFS, [tuple(row) for row in rows])

    def shadow(self, rows: Sequence[Shadow]) -> None:
        """What handoffs and automations in shadow would have done, beside what routing would have."""
        if rows:
            self.connection.executemany(
                "insert into decisions.shadow (decision_id, person_id, rule, reason, state, event_key, "
                "caused_by, decided_at, run_id) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [[*row, self.as_of, self.run_id] for row in rows],
            )

    def firings(self, rows: Sequence[Firing]) -> None:
        write(self.connection, "deciding.firings", _FIRINGS, [tuple(row) for row in rows])

    def runs(self, kept: Sequence[tuple[DecidedRun, Sequence[Input]]]) -> None:
        """What handoffs and automations were decided from, beside `routing_run` and `routing_inputs`."""
        write(self.connection, "deciding.runs", _RUNS, [tuple(run) for run, _ in kept])
        write(self.connection, "deciding.inputs", _INPUTS, [tuple(row) for _, some in kept for row in some])

    def seen(self, rows: Sequence[SeenRule]) -> None:
        write(self.connection, "deciding.rules", _SEEN, [tuple(row) for row in rows])


def publish(state: Connection, connection: duckdb.DuckDBPyConnection) -> None:
    """Keep what the work file holds of handoffs, automations and actions."""
    handoffs.keep_actions(state, [PendingAction(*row) for row in _all(connection, "deciding.actions")])
    handoffs.drop_actions(state, [row[0] for row in _all(connection, "deciding.dropped_actions")])
    handoffs.save(state, [Handoff(*row) for row in _all(connection, "deciding.handoffs")])
    handoffs.save_scores(state, [Score(*row) for row in _all(connection, "deciding.handoff_scores")])
    handoffs.save_firings(state, [Firing(*row) for row in _all(connection, "deciding.firings")])
    decision_runs.see(state, [SeenRule(*row) for row in _all(connection, "deciding.rules")])
    inputs = [Input(*row) for row in _all(connection, "deciding.inputs")]
    for row in _all(connection, "deciding.runs"):
        run = DecidedRun(*row)
        decision_runs.keep_run(state, run, [each for each in inputs if each.kind == run.kind])


def together(rows: Sequence[Row], least: int) -> list[Row]:
    """Messages of one kind to one place become one when there are many; the others stay as they are, and so
    does what needs something, is needed, or waits for another hour.
    """
    needed = {key for row in rows for key in row.needs}
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        if row.kind == "message" and not row.needs and row.action_key not in needed:
            occasion, due = row.action_key.rpartition(".")[2], str(row.due_at or "")
            place = (row.vendor, str(row.payload["to"]), row.sync, occasion, due)
            groups.setdefault(place, []).append(row)
    merged: dict[str, Row | None] = {}
    for (vendor, _, _, occasion, _), some in groups.items():
        if len(some) >= least and vendor != "webhook":
            merged |= dict.fromkeys(row.action_key for row in some)
            merged[some[0].action_key] = _merged(some, occasion)
    return [kept for row in rows if (kept := merged.get(row.action_key, row)) is not None]


def _merged(some: Sequence[Row], occasion: str) -> Row:
    subject = f"{len(some)} times {occasion.replace('-', ' ')}"
    lines = [f"- {row.payload.get('subject') or row.payload['text']}" for row in some[:_LISTED]]
    lines += [f"and {len(some) - _LISTED:,} more"] if len(some) > _LISTED else []
    payload = {**some[0].payload, "subject": subject, "text": "\n".join([f"*{subject}*", *lines])}
    key = f"{short(' '.join(sorted(row.action_key for row in some)))}.{occasion}"
    return replace(some[0], action_key=key, payload=payload, person_id=None, reason=subject)


def _cells(row: Row) -> tuple[Any, ...]:
    payload = orjson.dumps(dict(row.payload), option=orjson.OPT_SORT_KEYS, default=str).decode()
    return (
        row.action_key,
        row.sync,
        row.kind,
        row.vendor,
        row.object,
        row.record_key,
        row.person_id,
        payload,
        " ".join(row.needs),
        row.provider,
        row.rule,
        row.reason,
        None,
        row.due_at,
        row.place,
    )


def _json(row: Row) -> str:
    return orjson.dumps(asdict(row), option=orjson.OPT_SORT_KEYS, default=str).decode()


def row_of(content: str) -> Row:
    """An action as it was decided."""
    values = orjson.loads(content)
    due = values.pop("due_at")
    at = datetime.fromisoformat(due).astimezone(UTC) if due else None
    return Row(**{**values, "needs": tuple(values["needs"])}, due_at=at)


def _all(connection: duckdb.DuckDBPyConnection, table: str) -> Iterable[tuple[Any, ...]]:
    there = connection.execute(
        "select 1 from duckdb_tables() where schema_name || '.' || table_name = ?", [table]
    ).fetchone()
    return connection.execute(f"from {table}").fetchall() if there else []
