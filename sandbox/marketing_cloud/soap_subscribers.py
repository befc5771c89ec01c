"""Subscriber over SOAP: created, changed, deleted; its status on All Subscribers, and so whether it is
written to, and on single lists.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

import orjson

from sandbox.call import Call
from sandbox.marketing_cloud import account
from sandbox.marketing_cloud.soap_shapes import NIL, NO_OBJECT_ID
from sandbox.marketing_cloud.soap_text import Refused, local, result, text_of

if TYPE_CHECKING:
    from sandbox.marketing_cloud.app import MarketingCloud

STATUSES = ("Active", "Bounced", "Held", "Unsubscribed")
UNKNOWN, INVALID, NO_LIST, NOT_ON_IT, THERE = 12003, 12002, 13003, 13006, 12014
ACTIONS = ("create", "update", "upsert", "delete")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_LONGEST = 254


def save(
    mc: MarketingCloud, call: Call, element: Element, number: int, *, add: bool, change: bool
) -> str:  # fmt: skip
    """A subscriber is named by its key, and by its address where it has no other key."""
    key = text_of(element, "SubscriberKey") or text_of(element, "EmailAddress")
    row = mc.store.row("select status from subscribers where key = ?", (key,))
    if row is None and not add:
        raise Refused(UNKNOWN, "Subscriber not found")
    if row is not None and not change:
        raise Refused(THERE, "The subscriber is already on the list")
    status, email = _status(element), _address(element, is_new=row is None)
    if row is None:
        _create(mc, call, key, email, status)
    elif email:
        _readdress(mc, call, key, email)
    changes = [_on_list(mc, key, each) for each in element if local(each) == "Lists"]
    for list_id, action, before, wanted in changes:
        _change_member(mc, call, key, list_id, action, before, wanted)
    if status and row is not None:
        _set_status(mc, call, key, row[0], status)
    verb = "Created" if row is None else "Updated"
    subscriber = mc.store.value("select id from subscribers where key = ?", (key,))
    made = f"<NewID>{subscriber}</NewID>" if row is None else ""
    return result(f"{verb} Subscriber.", number, made, shown(key, email, status, subscriber))


def shown(key: str, email: str, status: str = "", subscriber: int | None = None) -> str:
    own = f"<ID>{subscriber}</ID>" if subscriber else ""
    address = f"<EmailAddress>{escape(email)}</EmailAddress>" if email else ""
    return (
        f'<Object xsi:type="Subscriber">{NIL}{own}{NO_OBJECT_ID}{address}'
        f"<SubscriberKey>{escape(key)}</SubscriberKey>"
        f"{f'<Status>{status}</Status>' if status else ''}</Object>"
    )


def delete(mc: MarketingCloud, call: Call, element: Element, number: int) -> str:
    """Off All Subscribers and every list; the contact and what was sent to it stay."""
    number_of = account.whole(text_of(element, "ID"))
    said = text_of(element, "SubscriberKey") or text_of(element, "EmailAddress")
    key = mc.store.value("select key from subscribers where key = ? or id = ?", (said, number_of))
    if key is None:
        raise Refused(UNKNOWN, "Subscriber not found")
    forget(mc, key)
    call.change("Subscriber", key, "delete", "SubscriberKey", key, None)
    return result("Subscriber deleted", number)


def forget(mc: MarketingCloud, key: str) -> None:
    mc.store.db.execute("delete from list_subscribers where subscriber = ?", (key,))
    mc.store.db.execute("delete from subscribers where key = ?", (key,))


def _create(mc: MarketingCloud, call: Call, key: str, email: str, status: str) -> None:
    at, status = call.now, status or "Active"
    mc.store.db.execute(
        "insert into subscribers (key, email, status, created, unsubscribed) values (?, ?, ?, ?, ?)",
        (key, email, status, at, at if status == "Unsubscribed" else None),
    )
    mc.store.db.execute(
        "insert or ignore into contacts (key, active, created, attributes) values (?, 1, ?, ?)",
        (key, at, orjson.dumps({})),
    )
    call.change("Subscriber", key, "create", "EmailAddress", None, email)
    call.change("Subscriber", key, "create", "Status", None, status)


def _readdress(mc: MarketingCloud, call: Call, key: str, email: str) -> None:
    before = mc.store.value("select email from subscribers where key = ?", (key,))
    mc.store.db.execute("update subscribers set email = ? where key = ?", (email, key))
    call.change("Subscriber", key, "update", "EmailAddress", before, email)


def _address(element: Element, *, is_new: bool) -> str:
    email = text_of(element, "EmailAddress")
    if (email or is_new) and (not _ADDRESS.fullmatch(email) or len(email) > _LONGEST):
        raise Refused(INVALID, "InvalidEmailAddress")
    return email


def _status(element: Element) -> str:
    said = text_of(element, "Status")
    status = next((s for s in STATUSES if s.lower() == said.lower()), "")
    if said and not status:
        raise Refused(INVALID, f"{said[:40]} is not a valid SubscriberStatus")
    return status


def _on_list(mc: MarketingCloud, key: str, element: Element) -> tuple[int, str, str | None, str]:
    """List, action, status before (None: not on it) and wanted, of one of a subscriber's lists."""
    said, action = text_of(element, "ID"), text_of(element, "Action").lower() or "upsert"
    number = account.whole(said)
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
