"""Update of Subscriber over SOAP: its status on All Subscribers, and so whether it is written to, and on
single lists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from sandbox.call import Call
from sandbox.marketing_cloud.soap_retrieve import local, text_of

if TYPE_CHECKING:
    from sandbox.marketing_cloud.app import MarketingCloud

STATUSES = ("Active", "Bounced", "Held", "Unsubscribed")
UNKNOWN, INVALID, NO_LIST, NOT_ON_IT = 12003, 12002, 13003, 13006
ACTIONS = ("create", "update", "upsert", "delete")


class Refused(Exception):
    """Why a subscriber was not changed: code and message of its result."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def update(mc: MarketingCloud, call: Call, element: Element, number: int) -> str:
    """Change a subscriber that is there, named by its key, and by its address where it has no other key."""
    key = text_of(element, "SubscriberKey") or text_of(element, "EmailAddress")
    row = mc.store.row("select key, email, status from subscribers where key = ?", (key,))
    if row is None:
        raise Refused(UNKNOWN, "Subscriber not found")
    status = _status(element)
    changes = [_on_list(mc, key, each) for each in element if local(each) == "Lists"]
    for list_id, action, before, wanted in changes:
        _change_member(mc, call, key, list_id, action, before, wanted)
    if status:
        _set_status(mc, call, key, row[2], status)
    return (
        "<Results><StatusCode>OK</StatusCode><StatusMessage>Updated Subscriber.</StatusMessage>"
        f"<OrdinalID>{number}</OrdinalID>"
        '<Object xsi:type="Subscriber"><PartnerKey xsi:nil="true" /><ObjectID xsi:nil="true" />'
        f"<SubscriberKey>{escape(key)}</SubscriberKey>"
        f"{f'<Status>{status}</Status>' if status else ''}</Object></Results>"
    )


def _status(element: Element) -> str:
    said = text_of(element, "Status")
    status = next((s for s in STATUSES if s.lower() == said.lower()), "")
    if said and not status:
        raise Refused(INVALID, f"{said[:40]} is not a valid SubscriberStatus")
    return status


def _on_list(mc: MarketingCloud, key: str, element: Element) -> tuple[int, str, str | None, str]:
    """List, action, status before (None: not on it) and wanted, of one of a subscriber's lists."""
    said, action = text_of(element, "ID"), text_of(element, "Action").lower() or "upsert"
    number = int(said) if said.isascii() and said.isdecimal() and len(said) < 16 else None
    there = mc.store.row("select id from lists where id = ?", (number,))
    if number is None or there is None:
        raise Refused(NO_LIST, f"The list {said[:40]} does not exist")
    if action not in ACTIONS:
        raise Refused(INVALID, f"{action[:40]} is not a valid action for a list")
    row = mc.store.row("select status from list_subscribers where list = ? and subscriber = ?", (number, key))
    if row is None and action in ("update", "delete"):
        raise Refused(NOT_ON_IT, "Subscriber is not on the list")
    return number, action, None if row is None else str(row[0]), _status(element) or "Active"


def _change_member(
    mc: MarketingCloud, call: Call, key: str, list_id: int, action: str, before: str | None, status: str
) -> None:
    at, here = call.now, (list_id, key)
    if action == "delete":
        mc.store.db.execute("delete from list_subscribers where list = ? and subscriber = ?", here)
    elif before is None:
        mc.store.db.execute(
            "insert into list_subscribers (list, subscriber, status, created, modified) "
            "values (?, ?, ?, ?, ?)", (*here, status, at, at),
        )  # fmt: skip
    else:
        mc.store.db.execute(
            "update list_subscribers set status = ?, modified = ? where list = ? and subscriber = ?",
            (status, at, *here),
        )
    after = None if action == "delete" else status
    call.change("ListSubscriber", f"{key}:{list_id}", "update", "Status", before, after)


def _set_status(mc: MarketingCloud, call: Call, key: str, before: str, status: str) -> None:
    since = call.now if status == "Unsubscribed" and before != status else None
    kept = "coalesce(?, unsubscribed)" if status == "Unsubscribed" else "?"
    mc.store.db.execute(
        f"update subscribers set status = ?, unsubscribed = {kept} where key = ?", (status, since, key)
    )
    call.change("Subscriber", key, "update", "Status", before, status)
