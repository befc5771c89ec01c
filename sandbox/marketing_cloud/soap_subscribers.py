"""Update of Subscriber over SOAP: its status on All Subscribers, and so whether it is written to."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from sandbox.call import Call
from sandbox.marketing_cloud.soap_retrieve import text_of

if TYPE_CHECKING:
    from sandbox.marketing_cloud.app import MarketingCloud

STATUSES = ("Active", "Bounced", "Held", "Unsubscribed")
UNKNOWN, INVALID = 12003, 12002


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
    status = next((s for s in STATUSES if s.lower() == text_of(element, "Status").lower()), "")
    if text_of(element, "Status") and not status:
        raise Refused(INVALID, f"{text_of(element, 'Status')[:40]} is not a valid SubscriberStatus")
    if status:
        _set_status(mc, call, key, row[2], status)
    return (
        "<Results><StatusCode>OK</StatusCode><StatusMessage>Updated Subscriber.</StatusMessage>"
        f"<OrdinalID>{number}</OrdinalID>"
        '<Object xsi:type="Subscriber"><PartnerKey xsi:nil="true" /><ObjectID xsi:nil="true" />'
        f"<SubscriberKey>{escape(key)}</SubscriberKey>"
        f"{f'<Status>{status}</Status>' if status else ''}</Object></Results>"
    )


def _set_status(mc: MarketingCloud, call: Call, key: str, before: str, status: str) -> None:
    since = call.now if status == "Unsubscribed" and before != status else None
    kept = "coalesce(?, unsubscribed)" if status == "Unsubscribed" else "?"
    mc.store.db.execute(
        f"update subscribers set status = ?, unsubscribed = {kept} where key = ?", (status, since, key)
    )
    call.change("Subscriber", key, "update", "Status", before, status)
