"""The journal: what was about to be written to a CRM, field by field, and how each ended.

States: intended -> sent -> confirmed | rejected | unknown. A row is open until `settled_at` is set:
`intended` was never sent, `sent` and `unknown` may or may not have been stored. A run that died leaves open
rows; they are settled by reading the records back (`reverse_sync.recover`) before anything else is sent.
An `intended` row with `settled_at` was not sent, for the reason in `code`, and may be sent again; one that
bears the CRM's own code was refused for a moment only, each time it was sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, case, func, or_, select, update

from pipelines.state.tables import journal
from pipelines.state.upsert import upsert

JournalState = Literal["intended", "sent", "confirmed", "rejected", "unknown"]
UPDATE = "update"
"""The operation of a row about a field of a record; every other row is an action (`state.actions`)."""
NOT_SENT = "NOT_SENT"
"""Code of an `intended` row that ended without being stored, and may be sent again."""
_LIFTED = ("false", "Active")
"""What a field of consent holds once a refusal does not stand any more."""
_LONGEST = timedelta(hours=1)
"""That a write takes from its intent on; what a killed run left is settled later."""
_AT_ONCE = 500  # below SQLite's limit of bound variables


class Intent(NamedTuple):
    """One field of one record about to be written. `change_id` is the same whenever a plan is resumed."""

    change_id: str
    plan_id: str
    sync: str
    vendor: str
    object: str
    record_id: str
    record_key: str
    field: str
    before_value: str | None
    after_value: str | None
    provider: str
    rule: str
    operation: str = UPDATE
    action_key: str = ""
    needs: str = ""
    person_id: str = ""
    result_id: str = ""
    reversibility: str = "reversible"


class Settlement(NamedTuple):
    """How a row ended, or (settled_at None) why it is still open."""

    change_id: str
    state: JournalState
    code: str
    message: str
    request_id: str
    settled_at: datetime | None


def intend(connection: Connection, intents: Sequence[Intent], *, run_id: str, at: datetime) -> None:
    """Write down what is about to be sent. A row of the same change that ended unsent is opened again."""
    opened: dict[str, Any] = {
        "run_id": run_id, "state": "intended", "code": "", "message": "", "request_id": "",
        "intended_at": at, "settled_at": None,
    }  # fmt: skip
    upsert(connection, journal, [{**intent._asdict(), **opened} for intent in intents])


def mark_sent(connection: Connection, change_ids: Sequence[str]) -> None:
    """The call that carries these rows is about to be made; one that had ended unsent is open again."""
    _update(connection, change_ids, {"state": "sent", "settled_at": None})


def settle(connection: Connection, settlements: Iterable[Settlement]) -> None:
    """Write down how rows ended. Most of a batch end alike, and those are one statement."""
    alike: dict[Settlement, list[str]] = {}
    for settlement in settlements:
        alike.setdefault(settlement._replace(change_id=""), []).append(settlement.change_id)
    for ending, change_ids in alike.items():
        values = ending._asdict()
        del values["change_id"]
        _update(connection, change_ids, values)


def _update(connection: Connection, change_ids: Sequence[str], values: dict[str, Any]) -> None:
    for start in range(0, len(change_ids), _AT_ONCE):
        some = change_ids[start : start + _AT_ONCE]
        connection.execute(update(journal).where(journal.c.change_id.in_(some)).values(values))


def open_rows(connection: Connection) -> list[RowMapping]:
    """Rows that a run left open, by vendor, object and record: fields and actions."""
    order = (journal.c.vendor, journal.c.object, journal.c.record_id, journal.c.field)
    return list(
        connection.execute(select(journal).where(journal.c.settled_at.is_(None)).order_by(*order)).mappings()
    )


def open_fields(connection: Connection, vendor: str) -> list[RowMapping]:
    """Fields of a vendor's records that a run left open."""
    return [row for row in open_rows(connection) if row["vendor"] == vendor and row["operation"] == UPDATE]


def has_open(connection: Connection) -> bool:
    """Whether a run left open rows."""
    query = select(journal.c.change_id).where(journal.c.settled_at.is_(None)).limit(1)
    return connection.execute(query).first() is not None


def stage_writes(connection: Connection) -> list[tuple[str, datetime]]:
    """(record_key, when) of every lifecycle stage that this project moved a HubSpot contact into."""
    query = (
        select(journal.c.record_key, journal.c.settled_at)
        .where(
            journal.c.vendor == "hubspot", journal.c.object == "contacts",
            journal.c.field == "lifecyclestage", journal.c.state == "confirmed",
        )
        .order_by(journal.c.record_key, journal.c.settled_at)
    )  # fmt: skip
    return [(row.record_key, row.settled_at) for row in connection.execute(query)]


def lifts(value: str | None) -> bool:
    """Whether a field of consent that holds this refuses nothing any more."""
    return value in _LIFTED


def refusals(connection: Connection) -> list[tuple[str, str, bool, datetime, datetime]]:
    """(record_key, field, whether somebody refuses, from, to) of each refusal that this project wrote to a
    CRM, or lifted there. Only syncs of consent write fields for good."""
    c = journal.c
    query = (
        select(c.record_key, c.field, c.after_value, c.intended_at, c.settled_at)
        .where(c.operation == UPDATE, c.reversibility == "final", c.state == "confirmed")
        .order_by(c.record_key, c.settled_at)
    )
    return [
        (row.record_key, row.field, not lifts(row.after_value), row.intended_at,
         min(row.settled_at, row.intended_at + _LONGEST))
        for row in connection.execute(query)
    ]  # fmt: skip


def written_since(connection: Connection, at: datetime) -> dict[str, datetime]:
    """Record key -> when this project last wrote to it, of those it has written to since."""
    c = journal.c
    query = (
        select(c.record_key, func.max(c.settled_at))
        .where(c.state == "confirmed", c.settled_at >= at, c.record_key != "")
        .group_by(c.record_key)
    )
    return dict(connection.execute(query).tuples().all())


def states_of(connection: Connection, change_ids: Sequence[str]) -> dict[str, JournalState]:
    """Change id -> state, of those that the journal knows."""
    found: dict[str, JournalState] = {}
    for start in range(0, len(change_ids), _AT_ONCE):
        some = change_ids[start : start + _AT_ONCE]
        query = select(journal.c.change_id, journal.c.state).where(journal.c.change_id.in_(some))
        found |= dict(connection.execute(query).tuples().all())
    return found


def refused_for_now() -> ColumnElement[bool]:
    """Rows that a CRM refused for a moment only, each time they were sent."""
    return and_(journal.c.state == "intended", journal.c.code.not_in(["", NOT_SENT]))


class Tally(NamedTuple):
    """How many fields, and of how many records, of one sync stand in one state; what was refused for now
    counts as rejected."""

    sync: str
    state: JournalState
    fields: int
    records: int


def _what() -> ColumnElement[str]:
    """What a row is about: a record, or an action."""
    return func.coalesce(func.nullif(journal.c.action_key, ""), journal.c.record_key)


def tally(connection: Connection, plan_id: str, run_id: str) -> list[Tally]:
    """How the changes of a plan stand that a run has sent."""
    state = case((refused_for_now(), "rejected"), else_=journal.c.state).label("ended")
    query = (
        select(journal.c.sync, state, func.count(), func.count(_what().distinct()))
        .where(journal.c.plan_id == plan_id, journal.c.run_id == run_id)
        .group_by(journal.c.sync, state)
        .order_by(journal.c.sync, state)
    )
    return [Tally(*row) for row in connection.execute(query)]


def life_of(connection: Connection, what: str) -> list[RowMapping]:
    """Every row about a record (by key or id), what an action made, or an action; oldest first."""
    c = journal.c
    named = [c.record_key == what, c.record_id == what, c.action_key == what, c.result_id == what]
    if what.count(":") >= 3:  # a record that we made ourselves is known by its id alone
        vendor, _, object_name, record_id = what.split(":", 3)
        named.append(and_(c.vendor == vendor, c.object == object_name, c.result_id == record_id))
    query = select(journal).where(or_(*named)).order_by(c.intended_at, c.field)
    return list(connection.execute(query).mappings())


def of_record(connection: Connection, record_key: str) -> list[RowMapping]:
    """A record's life: every row about it, oldest first."""
    query = select(journal).where(journal.c.record_key == record_key)
    return list(connection.execute(query.order_by(journal.c.intended_at, journal.c.field)).mappings())
