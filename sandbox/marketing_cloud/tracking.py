"""Tracking: what was sent and what became of it. Adding events; showing them is `soap_objects`."""

from __future__ import annotations

from typing import Any

from sandbox.marketing_cloud import account
from sandbox.store import Store

KINDS = ("SentEvent", "OpenEvent", "ClickEvent", "BounceEvent", "UnsubEvent", "Complaint")
ONE_LIST = "one list"
"""Category of an UnsubEvent that leaves the others as they are."""
COLUMNS = "kind, at, subscriber, subscriber_key, send, batch, list, triggered, url, category, detail"


def add(
    store: Store, kind: str, at: int, key: str, send: int, *, batch: int = 1, listed: int | None = None,
    triggered: str | None = None, url: str | None = None, category: str | None = None,
    detail: str | None = None,
) -> None:  # fmt: skip
    """An event of a subscriber, who must be known."""
    subscriber = store.value("select id from subscribers where key = ?", (key,))
    store.db.execute(
        f"insert into tracking ({COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (kind, at, int(subscriber or 0), key, send, batch, listed, triggered, url, category, detail),
    )


def send_one(store: Store, key: str, activity: dict[str, Any], at: int) -> None:
    """A journey's e-mail to one contact who is a subscriber that may be written to."""
    status = store.value("select status from subscribers where key = ?", (key,))
    if status not in ("Active", "Bounced"):
        return
    arguments = activity.get("configurationArguments")
    told = arguments.get("triggeredSendId") if isinstance(arguments, dict) else None
    triggered = str(told or account.guid("triggered", activity.get("id")))
    name = str(activity.get("name") or "Journey email")
    send = store.value("select id from sends where triggered = ?", (triggered,))
    if send is None:
        send = int(store.value("select coalesce(max(id), 600000) + 1 from sends"))
        store.db.execute("insert into sends values (?, ?, ?, ?, ?, null)", (send, name, name, at, triggered))
    batch = int(
        store.value("select count(*) + 1 from tracking where send = ? and kind = 'SentEvent'", (send,))
    )
    add(store, "SentEvent", at, key, int(send), batch=batch, triggered=triggered)


def engage(
    store: Store, kind: str, key: str, at: int, url: str | None = None, left: int | None = None
) -> int:
    """Open or click what was sent to a contact last; the send, or 0 when nothing was. `left`: the one list
    that they leave, instead of all."""
    last = store.row(
        "select send, batch, list, triggered from tracking where subscriber_key = ? and kind = 'SentEvent' "
        "order by at desc, seq desc limit 1", (key,),
    )  # fmt: skip
    if last is None:
        return 0
    add(store, kind, at, key, last[0], batch=last[1], listed=left or last[2], triggered=last[3], url=url,
        category=ONE_LIST if left else None)  # fmt: skip
    if kind == "UnsubEvent":
        _unsubscribe(store, key, at, left)
    return int(last[0])


def leave(store: Store, key: str, at: int, left: int | None) -> None:
    """Somebody leaves one list or all, whether anything was sent to them or not."""
    if not engage(store, "UnsubEvent", key, at, left=left):
        _unsubscribe(store, key, at, left)


def _unsubscribe(store: Store, key: str, at: int, left: int | None) -> None:
    if left:
        store.db.execute(
            "update list_subscribers set status = 'Unsubscribed', modified = ? "
            "where subscriber = ? and list = ?",
            (at, key, left),
        )
        return
    store.db.execute(
        "update subscribers set status = 'Unsubscribed', unsubscribed = ? where key = ?", (at, key)
    )
