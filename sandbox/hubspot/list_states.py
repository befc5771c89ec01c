"""What of a portal changed since a dynamic list was last brought up to now.

Belongs here: reading the write log for one list, so that a look at it costs what was written since and not
what the portal holds. Which records meet its filters is `list_filters`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.call import Call
from sandbox.hubspot import requests

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

TABLE = """
create table if not exists list_marks (id integer primary key, seq integer not null)
"""
"""Of each dynamic list, how far in the write log its members are worked out."""
MOST = 5_000
"""Of more writes than these the whole list is worked out again."""
_PLAIN = ("create", "update", "archive", "restore", "associate", "dissociate")


def named(branch: Any) -> set[int]:
    """The lists that filters name."""
    found, left = set(), [branch]
    while left:
        each = left.pop()
        if isinstance(each, list):
            left += each
        elif isinstance(each, dict):
            left += [each.get("filters"), each.get("filterBranches")]
            said = requests.whole_id(each.get("listId"))
            if each.get("filterType") == "IN_LIST" and said is not None:
                found.add(said)
    return found


def touched(
    hubspot: HubSpot, call: Call, number: int, plural: str, lists: set[int], until: int | None
) -> set[int] | None:
    """Records whose membership may differ from when the list was last worked out; None for any.

    `until`: what was written later does not count.
    """
    mark = hubspot.store.value("select seq from list_marks where id = ?", (number,))
    if mark is None:
        return None
    written = [(w.object, w.record_id, w.operation, w.field, w.before, w.after) for w in _own(call, mark)]
    rows: list[tuple[Any, ...]] = hubspot.store.rows(
        "select object, record_id, operation, field, before, after from writes where seq > ? and at <= ? "
        "and +object in (?, 'lists', 'properties') and operation <> 'noop' limit ?",
        (mark, call.now if until is None else until, plural, MOST + 1),
    )
    rows += written if until is None else []
    found: set[int] = set()
    for thing, record, operation, field, before, after in rows:
        if thing == "properties" or (thing == plural and operation not in _PLAIN):
            if thing == plural or record.startswith(f"{plural}."):
                return None
        elif thing == plural and not field.startswith("associations."):
            found.add(int(record))
        elif thing == "lists" and field == "member" and int(record) in lists:
            found.add(int(after or before))
    return None if len(rows) > MOST else found


def _own(call: Call, seq: int) -> list[Any]:
    """Changes of this very request that are not in the log yet, and that the list does not know of."""
    logged = _logged(call)
    return [w for w in call.changes[max(0, seq - logged) :] if w.operation != "noop"]


def _logged(call: Call) -> int:
    return int(call.store.value("select coalesce(max(seq), 0) from writes"))


def keep(call: Call, number: int) -> None:
    """The list is worked out as of now; what this request did will be logged below the mark."""
    mark = _logged(call) + len(call.changes)
    if call.store.value("select seq from list_marks where id = ?", (number,)) != mark:
        call.store.db.execute("insert or replace into list_marks values (?, ?)", (number, mark))
