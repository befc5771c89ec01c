"""What people decided about pairs of records, and the trained matching models.

Belongs here: keeping both. What they mean is in `pipelines.identity`.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, Literal, NamedTuple

import duckdb
import pyarrow as pa
from sqlalchemy import Connection, delete, select

from pipelines.state.tables import identity_decisions, identity_models
from pipelines.state.upsert import upsert

Verdict = Literal["same", "different"]
_TEXT = pa.string()
_INSTANT = pa.timestamp("us", tz="UTC")
DECISIONS = pa.schema(
    [
        ("entity", _TEXT),
        ("left_key", _TEXT),
        ("right_key", _TEXT),
        ("verdict", _TEXT),
        ("decided_at", _INSTANT),
    ]
)
MODELS = pa.schema(
    [
        ("entity", _TEXT), ("version", _TEXT), ("trained_at", _INSTANT), ("records", pa.int64()),
        ("reason", _TEXT), ("body", _TEXT),
    ]
)  # fmt: skip


class Decision(NamedTuple):
    """That two records are one or are not. The keys are in order."""

    entity: str
    left_key: str
    right_key: str
    verdict: Verdict
    decided_at: datetime


def decide(connection: Connection, decision: Decision) -> None:
    """Keep a decision; a later one about the same pair takes its place."""
    left, right = sorted((decision.left_key, decision.right_key))
    upsert(connection, identity_decisions, [decision._replace(left_key=left, right_key=right)._asdict()])


def decisions(connection: Connection) -> pa.Table:
    columns = [identity_decisions.c[name] for name in DECISIONS.names]
    found = connection.execute(select(*columns).order_by(columns[1], columns[2])).all()
    return _table(found, DECISIONS)


def models(connection: Connection) -> pa.Table:
    """Every model kept, the newest of an entity last."""
    columns = [identity_models.c[name] for name in MODELS.names]
    found = connection.execute(select(*columns).order_by(columns[0], columns[2], columns[1])).all()
    return _table(found, MODELS)


def forget_models(connection: Connection) -> int:
    """The next build trains anew. How many models were forgotten comes back."""
    return int(connection.execute(delete(identity_models)).rowcount)


def publish_models(connection: Connection, warehouse: duckdb.DuckDBPyConnection) -> None:
    """Keep the models that the dbt build trained or used; older ones make room."""
    found = warehouse.execute(
        "select count(*) from duckdb_tables() where table_name in ('int_person_model', 'int_account_model')"
    ).fetchone()
    if not found or found[0] < 2:
        return
    rows = warehouse.sql(
        "select entity, version, trained_at::timestamptz as trained_at, records, reason, body from "
        "(from intermediate.int_person_model union all from intermediate.int_account_model)"
    ).to_arrow_table().to_pylist()  # fmt: skip
    used = {(row["entity"], row["version"]) for row in rows}
    kept = {
        (row[0], row[1])
        for row in connection.execute(select(identity_models.c.entity, identity_models.c.version))
    }
    if used != kept:
        forget_models(connection)
        upsert(connection, identity_models, rows)


def version(connection: Connection) -> str:
    """Changes when a decision is taken or the models are forgotten: a reason to build again."""
    decided = [str(tuple(row)) for row in connection.execute(select(identity_decisions)).all()]
    untrained = connection.execute(select(identity_models.c.version).limit(1)).first() is None
    return hashlib.sha256("\n".join([*sorted(decided), str(untrained)]).encode()).hexdigest()


def _table(rows: Any, schema: pa.Schema) -> pa.Table:
    columns: list[Any] = list(zip(*rows, strict=True)) or [() for _ in schema]
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)
