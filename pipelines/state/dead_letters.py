"""What a CRM refused, in its own words, and what would mend it; not sent again as it is until released.

Belongs here: the table `dead_letters`. A field that a person took back by `crm undo` lies here too: it is not
written again on its own. What was refused for a moment only, each time it was sent, is tried again by the
next plans, until so many have come to nothing. What a code means is `reverse_sync.rejections`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, delete, or_, select, true, update

from pipelines.state.journal import NOT_SENT, refused_for_now
from pipelines.state.tables import dead_letters, journal
from pipelines.state.upsert import upsert

Category = Literal["retry", "fix data", "fix config", "permission", "undone"]
UNDO = "undo"
"""Provider of a change that takes another one back."""
UNDONE = "UNDONE"
_AT_ONCE = 500  # below SQLite's limit of bound variables
_IS_CONFIRMED = journal.c.state == "confirmed"
PLANS_THAT_RETRY = 3
_IS_TRIED = and_(dead_letters.c.category == "retry", dead_letters.c.attempts < PLANS_THAT_RETRY)


class Verdict(NamedTuple):
    """What a code means: who has to do what before it would be taken."""

    category: Category
    remedy: str


class Buried(NamedTuple):
    """A value of a field that is not to be sent again as it is."""

    record_key: str
    field: str
    value: str | None
    code: str
    remedy: str


def letter_id(record_key: str, field: str, action_key: str = "") -> str:
    return hashlib.sha256(f"{action_key}\0{record_key}\0{field}".encode()).hexdigest()[:24]


def follow(
    connection: Connection, change_ids: Sequence[str], judge: Callable[[str, str], Verdict | None]
) -> None:
    """Bring the letters in step with how these rows of the journal ended. `judge(vendor, code)`: what a code
    means, None where trying again is no matter of a person's."""
    is_refused = or_(journal.c.state == "rejected", refused_for_now())
    matters = or_(is_refused, and_(_IS_CONFIRMED, journal.c.provider == UNDO))
    if connection.execute(select(dead_letters.c.letter_id).limit(1)).first() is not None:
        matters = or_(matters, _IS_CONFIRMED)  # one of them may be what a letter was about
    for start in range(0, len(change_ids), _AT_ONCE):
        some = change_ids[start : start + _AT_ONCE]
        query = select(journal).where(journal.c.change_id.in_(some), matters)
        rows = connection.execute(query).mappings().all()
        _forget(connection, [row for row in rows if row["state"] == "confirmed"])
        _bury(connection, [letter for row in rows if (letter := _letter(row, judge)) is not None])


def _letter(row: RowMapping, judge: Callable[[str, str], Verdict | None]) -> dict[str, object] | None:
    if row["state"] in ("rejected", "intended"):
        verdict, code, value, message = (
            judge(row["vendor"], row["code"]),
            row["code"],
            row["after_value"],
            row["message"],
        )
    elif row["provider"] == UNDO:
        remedy = "change what decides it, or crm retry to write it again"
        verdict, code, value = Verdict("undone", remedy), UNDONE, row["before_value"]
        message = f"taken back: {row['rule']}"
    else:
        return None
    if verdict is None:
        return None
    kept = ("sync", "vendor", "object", "record_id", "record_key", "action_key", "run_id")
    field = "" if row["action_key"] else row["field"]
    action_key = row["action_key"]
    if code == UNDONE and action_key:  # the letter is about what was taken back
        action_key = json.loads(row["after_value"])["action_key"]
    return {
        **{name: row[name] for name in kept}, "action_key": action_key, "field": field, "value": value,
        "code": code, "message": message, "category": verdict.category, "remedy": verdict.remedy,
        "letter_id": letter_id(row["record_key"], field, action_key),
        "failed_at": row["settled_at"], "released_at": None, "attempts": 1,
    }  # fmt: skip


def _bury(connection: Connection, letters: list[dict[str, object]]) -> None:
    if not letters:
        return
    c = dead_letters.c
    ids = [letter["letter_id"] for letter in letters]
    query = select(c.letter_id, c.attempts, c.category, c.released_at).where(c.letter_id.in_(ids))
    before = {row.letter_id: row for row in connection.execute(query)}

    def attempts(letter: dict[str, object]) -> int:
        """Of one kind of refusal; what was refused for a moment and released is tried from the start."""
        last = before.get(letter["letter_id"])
        if last is None or last.category != letter["category"]:
            return 1
        return 1 if last.category == "retry" and last.released_at is not None else 1 + int(last.attempts)

    upsert(connection, dead_letters, [{**each, "attempts": attempts(each)} for each in letters])


def _forget(connection: Connection, rows: Sequence[RowMapping]) -> None:
    """What was taken in the end is no dead letter."""
    if not rows:
        return
    ids = [letter_id(r["record_key"], "" if r["action_key"] else r["field"], r["action_key"]) for r in rows]
    connection.execute(delete(dead_letters).where(dead_letters.c.letter_id.in_(ids)))


def buried(connection: Connection) -> list[Buried]:
    """Values of fields that are not to be sent again as they are."""
    c = dead_letters.c
    query = select(*dead_letters.c[*Buried._fields]).where(
        c.released_at.is_(None), c.action_key == "", ~_IS_TRIED
    )
    return [Buried(*row) for row in connection.execute(query.order_by(c.record_key, c.field))]


def tired(connection: Connection) -> frozenset[str]:
    """Keys of actions that were refused for a moment by as many plans as try it."""
    c = dead_letters.c
    query = select(c.action_key).where(
        c.released_at.is_(None), c.action_key != "", c.category == "retry", ~_IS_TRIED
    )
    return frozenset(connection.scalars(query))


def _matching(sync: str, code: str, record_key: str) -> ColumnElement[bool]:
    c = dead_letters.c
    asked = [
        column == value
        for column, value in ((c.sync, sync), (c.code, code), (c.record_key, record_key))
        if value
    ]
    return and_(c.released_at.is_(None), *asked) if asked else and_(c.released_at.is_(None), true())


def unreleased(
    connection: Connection, *, sync: str = "", code: str = "", record_key: str = ""
) -> list[RowMapping]:
    """Letters that lie there, by sync, code and record."""
    c = dead_letters.c
    query = select(dead_letters).where(_matching(sync, code, record_key))
    return list(connection.execute(query.order_by(c.sync, c.code, c.record_key, c.field)).mappings())


def release(
    connection: Connection, at: datetime, *, sync: str = "", code: str = "", record_key: str = ""
) -> int:
    """Let the next plan try these again. Returns how many."""
    letters = unreleased(connection, sync=sync, code=code, record_key=record_key)
    ids = [row["letter_id"] for row in letters]
    keys = [row["action_key"] for row in letters if row["action_key"]]
    again = or_(journal.c.state == "rejected", _IS_CONFIRMED & _is_undone())
    for start in range(0, len(ids), _AT_ONCE):
        some = dead_letters.c.letter_id.in_(ids[start : start + _AT_ONCE])
        connection.execute(update(dead_letters).where(some).values(released_at=at))
    for start in range(0, len(keys), _AT_ONCE):
        mine = journal.c.action_key.in_(keys[start : start + _AT_ONCE])
        connection.execute(update(journal).where(mine, again).values(state="intended", code=NOT_SENT))
    return len(ids)


def _is_undone() -> ColumnElement[bool]:
    """Whether an action was taken back, and nobody has done it again since."""
    about = dead_letters.c.action_key == journal.c.action_key
    return select(dead_letters.c.letter_id).where(about, dead_letters.c.code == UNDONE).exists()
