"""When somebody else last changed a record that this project wrote to: a CRM stamps our write like theirs.

Belongs here: the table `others_changes`, and telling a stamp of ours from one of theirs. The journal says
when we wrote; the models of the refresh before say what stamp a record bore then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import orjson
import pyarrow as pa
from sqlalchemy import Connection, select

from pipelines.state.tables import journal, others_changes
from pipelines.state.upsert import upsert

if TYPE_CHECKING:
    import duckdb

    from pipelines.state.engine import State

_AT_ONCE = 50_000
_MOMENT = pa.timestamp("us", tz="UTC")
_NEAR_SECONDS = 60
"""A CRM dates a write by its own clock, and what it works out after it a little later."""
_LONGEST = timedelta(hours=1)
"""That a write takes from its intent on."""
_STAMPED = ("int_person_records", "int_account_records", "int_opportunity_records")


class OwnChanges(NamedTuple):
    """By whom records were changed that we wrote to: `own_writes` has record_key and written_at,
    `others_changes` record_key and changed_at."""

    own_writes: pa.Table
    others_changes: pa.Table


def load(connection: Connection) -> OwnChanges:
    """What the models need to tell whose change a stamp is. Reads the whole journal."""
    return OwnChanges(_writes(connection), _kept(connection))


def keep(state: State, warehouse: duckdb.DuckDBPyConnection) -> OwnChanges:
    """Keep the stamps of records we wrote to, as far as they are not ours: the next extract brings ours.

    Called before the models are built anew. Nobody waits while the journal is read. Returns what is known
    then.
    """
    named = {name for (name,) in warehouse.execute(
        "select table_name from duckdb_tables() where schema_name = 'intermediate' "
        "and database_name = current_database()"
    ).fetchall()}  # fmt: skip
    models = [f"select record_key, updated_at from intermediate.{m}" for m in _STAMPED if m in named]
    with state.reading() as reading:
        known = load(reading)
    if not models or not known.own_writes.num_rows:
        return known
    warehouse.register("own_writes", known.own_writes)
    warehouse.register("others_kept", known.others_changes)
    reader = warehouse.execute(
        f"""
        select s.record_key, s.updated_at
        from ({" union all ".join(models)}) s
        join (select distinct record_key from own_writes) w on w.record_key = s.record_key
        left join others_kept k on k.record_key = s.record_key
        where s.updated_at is not null and s.updated_at is distinct from k.changed_at
        and not exists (
            select 1 from own_writes o
            where o.record_key = s.record_key
            and abs(epoch(o.written_at) - epoch(s.updated_at)) <= {_NEAR_SECONDS}
        )
        """
    )
    changed = False
    while rows := reader.fetchmany(_AT_ONCE):
        with state.writing() as connection:
            upsert(connection, others_changes, [{"record_key": k, "changed_at": at} for k, at in rows])
        changed = True
    warehouse.unregister("own_writes")
    warehouse.unregister("others_kept")
    if not changed:
        return known
    with state.reading() as reading:
        return known._replace(others_changes=_kept(reading))


def _kept(connection: Connection) -> pa.Table:
    kept = select(others_changes).order_by(others_changes.c.record_key)
    return _table("changed_at", connection.execute(kept).all())


def _writes(connection: Connection) -> pa.Table:
    """Each moment at which we wrote to a record, hung something on it or made it."""
    c = journal.c
    confirmed = (c.state == "confirmed", c.record_key != "", c.settled_at.is_not(None))
    query = select(c.record_key, c.intended_at, c.settled_at).where(*confirmed).distinct()
    rows = [
        (key, at) for key, intended, settled in connection.execute(query) for at in _spread(intended, settled)
    ]
    made = select(c.after_value, c.object, c.result_id, c.settled_at).where(
        *confirmed, c.operation == "create_record", c.result_id != ""
    )
    for payload, kind, record_id, at in connection.execute(made):
        prefix = (orjson.loads(payload or "{}").get("joins") or {}).get("prefix")
        if prefix:
            rows.append((f"{prefix}:{kind}:{record_id}", at))
    return _table("written_at", rows)


def _spread(intended: datetime, settled: datetime) -> Iterator[datetime]:
    """Moments so near each other that a stamp of the time between is near one: a job of many rows is settled
    once all are written, and what a killed run left once the next has asked."""
    yield settled
    at, last = intended, min(settled, intended + _LONGEST)
    while (last - at).total_seconds() > _NEAR_SECONDS:
        yield at
        at += timedelta(seconds=2 * _NEAR_SECONDS)


def _table(moment: str, rows: Sequence[Sequence[object]]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [(), ()]
    return pa.table({"record_key": pa.array(columns[0], pa.string()), moment: pa.array(columns[1], _MOMENT)})
