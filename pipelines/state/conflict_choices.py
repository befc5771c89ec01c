"""What people said about conflicts that a mapping leaves to them: who, when, and which side or value.

Belongs here: keeping it. A choice is about what both sides held and last agreed on: it holds while each side
holds that, or what was chosen for it, and means nothing once a side has changed. What it does is in
`pipelines.reverse_sync.mirror.settle`.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Literal, NamedTuple

import pyarrow as pa
from sqlalchemy import Connection, select

from pipelines.state.tables import conflict_choices
from pipelines.state.upsert import upsert

Side = Literal["hubspot", "salesforce", "value"]
_TEXT = pa.string()
SCHEMA = pa.schema(
    [
        *((name, _TEXT) for name in map(str, conflict_choices.columns.keys()) if name != "chosen_at"),
        ("chosen_at", pa.timestamp("us", tz="UTC")),
    ]
)


class Choice(NamedTuple):
    """`left_value` and `right_value` are what each side is to hold, where the choice is a value."""

    conflict_id: str
    left_key: str
    right_key: str
    field_left: str
    field_right: str
    choice: Side
    left_value: str | None
    right_value: str | None
    chosen_by: str
    chosen_at: datetime
    held_left: str | None
    held_right: str | None
    agreed_left: str | None
    agreed_right: str | None


def save(connection: Connection, choice: Choice) -> None:
    """Keep a choice; a later one about the same conflict takes its place."""
    upsert(connection, conflict_choices, [choice._asdict()])


def load(connection: Connection) -> pa.Table:
    found = connection.execute(select(conflict_choices).order_by(conflict_choices.c.conflict_id)).mappings()
    return pa.Table.from_pylist([dict(row) for row in found], schema=SCHEMA)


def version(connection: Connection) -> str:
    """Changes when somebody chooses: a reason to work out again what each side should hold."""
    rows = [str(sorted(row.items())) for row in load(connection).to_pylist()]
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()
