"""The people in the state database: images of the journal are emptied, what is about them alone goes.

Belongs here: rules for the state's tables. The journal keeps its rows, for they say what was done; whose they
were is replaced by a name that only the key of the suppression list could lead back to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, Connection, Table, Text, delete, func, or_, select, update

from pipelines.erasure.subject import Subject
from pipelines.erasure.texts import STRUCK, struck
from pipelines.state.suppression import Suppression
from pipelines.state.tables import erased_rows, erasures, incidents, journal, metadata, suppressed

if TYPE_CHECKING:
    import duckdb

_AT_ONCE = 200
KEPT = (erasures, erased_rows, suppressed)
"""Tables that know nobody: receipts and hashes."""
PAIRED = "|"
"""What stands between the two record keys of a pair."""
_SENTENCES = frozenset({incidents.c.sentence, journal.c.message})
"""Where a bare number is their record's id. In a key it may as well be that of another object's record."""


def erase_images(
    state: Connection, subject: Subject, suppression: Suppression, at: datetime, went: Sequence[str] = ()
) -> Counter[str]:  # fmt: skip
    """Rows changed or removed by table. `went`: record keys of what went with them, such as a note."""
    counts: Counter[str] = Counter()
    keys = (*subject.keys, *went)
    keys += _actions_of(state, keys)
    counts["state.journal"] = _blank_journal(state, keys, suppression, at)
    for table in metadata.sorted_tables:
        if table not in KEPT:
            if table is not journal:
                counts[f"state.{table.name}"] += _remove(state, table, keys)
            for column in (each for each in _texts(table) if not each.primary_key):
                needles = subject.needles + (subject.numbers if column in _SENTENCES else ())
                counts[f"state.{table.name}"] += _strike(state, column, needles)
    return +counts


def blank_copy(
    connection: duckdb.DuckDBPyConnection, keys: Sequence[str], suppression: Suppression
) -> int:  # fmt: skip
    """The same to the journal's copy in a warehouse file."""
    there = connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'ops' and table_name = 'journal' "
        "and database_name = current_database()"
    ).fetchone()
    if there is None:
        return 0
    knows_actions = connection.execute(
        "select 1 from duckdb_columns() where schema_name = 'ops' and table_name = 'journal' "
        "and column_name = 'action_key' and database_name = current_database()"
    ).fetchone()
    theirs = "list_contains($keys, record_key)"
    if knows_actions:
        theirs += " or list_contains($keys, person_id)"
    rows = connection.execute(
        f"select change_id, record_key from ops.journal where {theirs}", {"keys": list(keys)}
    ).fetchall()
    if not rows:
        return 0
    connection.execute(
        "create or replace temp table blanked as "
        "select unnest($old) as old, unnest($new) as new, unnest($record) as record",
        {
            "old": [row[0] for row in rows],
            "new": [suppression.pseudonym(row[0]) for row in rows],
            "record": [_whose(suppression, row[1]) for row in rows],
        },
    )
    connection.execute(
        "update ops.journal set change_id = new, record_id = record, record_key = record, "
        "before_value = null, after_value = null, message = '' "
        + (f", {_BLANK_ACTION} " if knows_actions else "")
        + "from blanked where change_id = old"
    )
    return len(rows)


_BLANK_ACTION = "action_key = if(action_key = '', '', new), needs = '', person_id = '', result_id = ''"


def _blank_journal(
    state: Connection, keys: Sequence[str], suppression: Suppression, at: datetime
) -> int:  # fmt: skip
    done = 0
    c = journal.c
    for some in _pieces(keys):
        query = select(c.change_id, c.record_key, c.action_key, c.settled_at)
        for row in state.execute(query.where(or_(c.record_key.in_(some), c.person_id.in_(some)))).all():
            whose = _whose(suppression, row.record_key)
            state.execute(
                update(journal).where(journal.c.change_id == row.change_id).values(
                    change_id=suppression.pseudonym(row.change_id), record_id=whose, record_key=whose,
                    before_value=None, after_value=None, message="", settled_at=row.settled_at or at,
                    action_key=suppression.pseudonym(row.change_id) if row.action_key else "",
                    needs="", person_id="", result_id="",
                )
            )  # fmt: skip
            done += 1
    return done


def _whose(suppression: Suppression, record_key: str) -> str:
    return f"{STRUCK}:{suppression.pseudonym(record_key)}"


def _remove(state: Connection, table: Table, keys: Sequence[str]) -> int:
    """Rows in which a cell is a key of theirs, or a key in which one of theirs stands beside another's."""
    done = 0
    for some in _pieces(keys):
        theirs = or_(*(column.in_(some) for column in _texts(table)))
        done += state.execute(delete(table).where(theirs)).rowcount
    for column in (each for each in _texts(table) if each.primary_key):
        joined = state.execute(select(column).where(column.contains(PAIRED))).scalars().all()
        mine = [key for key in joined if not set(key.split(PAIRED)).isdisjoint(keys)]
        for some in _pieces(mine):
            done += state.execute(delete(table).where(column.in_(some))).rowcount
    return done


def _actions_of(state: Connection, keys: Sequence[str]) -> tuple[str, ...]:
    """Keys of actions that were about them: a refusal of one may name nobody and hold what was sent."""
    c = journal.c
    found: set[str] = set()
    for some in _pieces(keys):
        theirs = or_(c.record_key.in_(some), c.person_id.in_(some))
        found |= set(state.execute(select(c.action_key).where(theirs, c.action_key != "")).scalars())
    return tuple(sorted(found))


def _strike(state: Connection, column: Column[str], needles: Sequence[str]) -> int:
    """What is left of them inside texts is struck out; keys are no texts."""
    done = 0
    for some in _pieces(needles):
        holds = or_(*(func.lower(column).contains(each.lower(), autoescape=True) for each in some))
        for (value,) in state.execute(select(column).where(holds).distinct()).all():
            if (left := struck(value, some)) != value:
                changed = update(column.table).where(column == value).values({column.name: left})
                done += state.execute(changed).rowcount
    return done


def is_somebody_elses(state: Connection, needle: str) -> bool | None:
    """Whether these letters are in cells as parts of others' words only; None: they are in no cell."""
    found = None
    for table in metadata.sorted_tables:
        for column in _texts(table):
            holds = func.lower(column).contains(needle.lower(), autoescape=True)
            for (text,) in state.execute(select(column).where(holds).distinct()).all():
                if struck(text, [needle]) != text:
                    return False
                found = True
    return found


def _texts(table: Table) -> list[Any]:
    return [column for column in table.columns if isinstance(column.type, Text)]


def _pieces(values: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(values), _AT_ONCE):
        yield list(values[start : start + _AT_ONCE])
