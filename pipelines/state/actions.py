"""Actions in the journal: what is done once under a key of its own (a task, a message, a record created).

Belongs here: the rows of the journal that are no field. Their states are those of fields. An action whose row
is confirmed, sent or unknown is never begun again; one that ended rejected waits for `crm retry`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, RowMapping, bindparam, func, literal_column, select, update

from pipelines.state.journal import NOT_SENT, UPDATE, Intent, JournalState
from pipelines.state.tables import journal
from pipelines.state.upsert import upsert

_AT_ONCE = 500  # below SQLite's limit of bound variables
_IS_ACTION = journal.c.action_key != literal_column("''")
"""Said in each query by key, as the index is of these rows alone: without it the whole journal is read."""


class Standing(NamedTuple):
    """How an action stands. It may be begun (again) only while `may_begin`."""

    action_key: str
    state: JournalState
    is_settled: bool
    code: str
    vendor: str
    object: str
    result_id: str

    @property
    def may_begin(self) -> bool:
        return self.state == "intended" and self.is_settled


class Ended(NamedTuple):
    """How an action ended, or (settled_at None) why it is still open. `result_id`: what was made."""

    action_key: str
    state: JournalState
    code: str
    message: str
    request_id: str
    result_id: str
    settled_at: datetime | None
    object: str = ""
    """The object of what was made, where it is another than the action's."""


_ENDS = tuple(name for name in Ended._fields if name not in ("action_key", "object"))


def change_id(action_key: str) -> str:
    """One row for each action, whatever the plan that carries it."""
    return hashlib.sha256(f"action\0{action_key}".encode()).hexdigest()[:24]


def standing(connection: Connection, action_keys: Sequence[str]) -> dict[str, Standing]:
    """Action key -> how it stands, of those that the journal knows."""
    found: dict[str, Standing] = {}
    c = journal.c
    for start in range(0, len(action_keys), _AT_ONCE):
        query = select(
            c.action_key, c.state, c.settled_at.is_not(None), c.code, c.vendor, c.object, c.result_id
        ).where(_IS_ACTION, c.action_key.in_(action_keys[start : start + _AT_ONCE]))
        found |= {row[0]: Standing(*row) for row in connection.execute(query)}
    return found


def intend(connection: Connection, intents: Sequence[Intent], *, run_id: str, at: datetime) -> set[str]:
    """Write down which actions are about to be begun. Returns their keys: those that another run has begun
    or ended meanwhile are left out, for this happens in the transaction that looked."""
    known = standing(connection, [intent.action_key for intent in intents])
    free = [i for i in intents if i.action_key not in known or known[i.action_key].may_begin]
    opened: dict[str, Any] = {
        "run_id": run_id, "state": "intended", "code": "", "message": "", "request_id": "",
        "intended_at": at, "settled_at": None,
    }  # fmt: skip
    upsert(connection, journal, [{**intent._asdict(), **opened} for intent in free])
    return {intent.action_key for intent in free}


def mark_sent(connection: Connection, action_keys: Sequence[str]) -> None:
    """The call that carries these is about to be made."""
    for start in range(0, len(action_keys), _AT_ONCE):
        some = action_keys[start : start + _AT_ONCE]
        connection.execute(
            update(journal)
            .where(_IS_ACTION, journal.c.action_key.in_(some))
            .values(state="sent", settled_at=None)
        )


def settle(connection: Connection, ended: Iterable[Ended]) -> None:
    """Write down how actions ended: in two statements, as calls that end meanwhile wait for this one."""
    rows = list(ended)
    for names, some in (
        (_ENDS, [row for row in rows if not row.object]),
        ((*_ENDS, "object"), [row for row in rows if row.object]),
    ):
        if some:
            values = {name: bindparam(f"ended_{name}", type_=journal.c[name].type) for name in names}
            mine = update(journal).where(_IS_ACTION, journal.c.action_key == bindparam("ended_action_key"))
            told = ({f"ended_{name}": value for name, value in row._asdict().items()} for row in some)
            connection.execute(mine.values(values), list(told))


def open_of(connection: Connection, vendor: str) -> list[RowMapping]:
    """Actions of a vendor that a run left open, in the order in which they were begun."""
    c = journal.c
    query = select(journal).where(c.settled_at.is_(None), c.operation != UPDATE, c.vendor == vendor)
    return list(connection.execute(query.order_by(c.intended_at, c.action_key)).mappings())


def per_person(connection: Connection, since: datetime, operations: Sequence[str]) -> dict[str, int]:
    """Person id -> actions of these kinds begun since a moment, those that came to nothing left out."""
    c = journal.c
    query = (
        select(c.person_id, func.count())
        .where(
            c.person_id != "", c.operation.in_(operations), c.intended_at > since, c.state != "rejected",
            ~((c.state == "intended") & c.settled_at.is_not(None)),
        )
        .group_by(c.person_id)
    )  # fmt: skip
    return dict(connection.execute(query).tuples().all())


def decide(connection: Connection, action_key: str, *, was_done: bool, at: datetime) -> bool:
    """Take a person's word for an action of which nobody knew. False when it is not one of those."""
    c = journal.c
    state, code = ("confirmed", "DECIDED") if was_done else ("intended", NOT_SENT)
    unknown = update(journal).where(
        c.action_key == action_key, c.state == "unknown", c.settled_at.is_not(None)
    )
    return bool(connection.execute(unknown.values(state=state, code=code, settled_at=at)).rowcount)
