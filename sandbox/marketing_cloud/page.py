"""What the page for people shows of an account: its things by their own names, and one of them by its key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from sandbox import times
from sandbox.marketing_cloud import tracking

if TYPE_CHECKING:
    from sandbox.marketing_cloud.app import MarketingCloud

_THINGS = {
    "Subscriber": ("subscribers", "key"), "Contact": ("contacts", "key"), "List": ("lists", "id"),
    "ListSubscriber": ("list_subscribers", "subscriber || ':' || list"), "Send": ("sends", "id"),
    "Campaign": ("campaigns", "id"), "Interaction": ("interactions", "key"),
    "EventDefinition": ("event_definitions", "key"), "JourneyEntry": ("entries", "contact"),
    "DataExtension": ("data_extensions", "key"), "QueryDefinition": ("queries", "id"),
    **{kind: (f"tracking where kind = '{kind}'", "seq") for kind in tracking.KINDS},
}  # fmt: skip
"""Each thing under the name that the log of writes has for it: where it is, and what it goes by."""
_MOMENTS = ("created", "modified", "unsubscribed", "bounced", "published", "sent", "at", "ended", "ran")
_ROW = "replace(coalesce(pk, seq), char(31), ',')"


def tables(mc: MarketingCloud) -> list[tuple[str, str]]:
    """Of each kind its name and what is counted: rows of a data extension go by its key."""
    found = [(name, _listed(source, own)) for name, (source, own) in _THINGS.items()]
    extensions = mc.store.rows("select key, id from data_extensions order by key")
    return found + [(key, _listed(_rows(own), _ROW)) for key, own in extensions if key not in _THINGS]


def _rows(extension: str) -> str:
    return f"extension_rows where extension = '{extension}'"


def _listed(source: str, own: str) -> str:
    return f"(select rowid, {own} as id from {source})"


def record_of(mc: MarketingCloud, kind: str, wanted: str) -> dict[str, Any] | None:
    extension = None
    if kind in _THINGS:
        source, own = _THINGS[kind]
    else:
        extension = mc.store.value("select id from data_extensions where key = ?", (kind,))
        if extension is None:
            return None
        source, own = _rows(extension), _ROW
    table, _, chosen = source.partition(" where ")
    clause = f"({chosen}) and " if chosen else ""
    row = mc.store.row(
        f"select * from {table} where {clause}{own} = cast(? as text) order by rowid desc", (wanted,)
    ) or mc.store.row(f"select * from {table} where {clause}{own} = ? order by rowid desc", (wanted,))
    if row is None:
        return None
    names = [name for (name,) in mc.store.rows("select name from pragma_table_info(?)", (table,))]
    told = dict(zip(names, row, strict=True))
    if extension is not None:
        told = {"body": told["body"]}
    return {"object": kind, "id": wanted, "fields": list(_fields(told)), "history": []}


def _fields(told: dict[str, Any]) -> list[tuple[str, str]]:
    found = []
    for name, value in told.items():
        if isinstance(value, bytes):
            kept = orjson.loads(value)
            found += [(key, _text(each)) for key, each in kept.items()] if isinstance(kept, dict) else []
        elif name in _MOMENTS and isinstance(value, int):
            found.append((name, times.iso(value)))
        else:
            found.append((name, _text(value)))
    return found


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
