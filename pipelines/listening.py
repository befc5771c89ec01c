"""HubSpot's webhooks: is a delivery theirs and fresh, which of its events are new, and what they set off.

Belongs here: the v3 signature, and forgetting nothing that was seen. An event names a record and says nothing
to rely on: deliveries come late, twice and out of order, so what follows reads the record again.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from pipelines.connections import Secret
from pipelines.rules.events import EventRule, EventsFile

LIFETIME_MS = 300_000
"""A delivery that is older is refused: somebody may be sending it again."""
_MOST_KNOWN = 100_000
_DECODED = {
    "%3A": ":", "%2F": "/", "%3F": "?", "%40": "@", "%21": "!", "%24": "$", "%27": "'", "%28": "(",
    "%29": ")",
    "%2A": "*", "%2C": ",", "%3B": ";",
}  # fmt: skip
"""Escapes that HubSpot decodes in the address before it signs."""


_PEOPLE = {
    "contact": ("hubspot", "contacts"), "Lead": ("salesforce", "Lead"), "Contact": ("salesforce", "Contact"),
}  # fmt: skip
"""What an event's kind begins with, where it is about a person."""
_OTHERS = {
    "deal": ("hubspot", "deals"), "company": ("hubspot", "companies"),
    "Opportunity": ("salesforce", "Opportunity"), "Account": ("salesforce", "Account"),
}  # fmt: skip
GAP = "gap"
"""Kind of an event that says only that something was missed: a refresh finds it."""
_GONE = (".DELETE", ".UNDELETE", ".deletion", ".privacyDeletion", ".merge", ".restore", ".associationChange")
"""What happens to a person's record that says more than that it should be read again."""


@dataclass(frozen=True)
class Named:
    """A record that an event or a look named. `object`: the API's own name."""

    vendor: str
    object: str
    record_id: str

    @property
    def is_person(self) -> bool:
        return (self.vendor, self.object) in _PEOPLE.values()


class NotTheirs(Exception):
    """A delivery that is not HubSpot's, or not fresh; `str()` says which."""


@dataclass(frozen=True)
class Event:
    """One event: what happened to which record, when by the CRM's clock."""

    kind: str
    object_id: str
    property: str
    occurred_at: int
    key: str


def check(
    secret: Secret, method: str, url: str, body: bytes, headers: Mapping[str, str], now_ms: int
) -> None:
    """Raises NotTheirs unless the v3 signature holds and is fresh."""
    stamp = headers.get("x-hubspot-request-timestamp", "")
    if not stamp.isdigit() or abs(now_ms - int(stamp)) > LIFETIME_MS:
        raise NotTheirs("the delivery is stale")
    text = (method + decoded(url)).encode() + body + stamp.encode()
    expected = base64.b64encode(hmac.new(secret.reveal().encode(), text, hashlib.sha256).digest())
    if not hmac.compare_digest(expected, headers.get("x-hubspot-signature-v3", "").encode()):
        raise NotTheirs("the signature does not hold")


def decoded(url: str) -> str:
    """The address as HubSpot signs it."""
    for escape, character in _DECODED.items():
        url = url.replace(escape, character).replace(escape.lower(), character)
    return url


def events_of(body: bytes) -> list[Event]:
    """The events of a delivery. Raises ValueError when it is no list of them."""
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise ValueError("the body is not JSON") from None
    if not isinstance(content, list) or not all(isinstance(each, dict) for each in content):
        raise ValueError("the body is no list of events")
    return [_event(each) for each in content]


def about(event: Event) -> Named | None:
    """The record that an event is about; None for one of an object that nothing here is written to."""
    known = (_PEOPLE | _OTHERS).get(event.kind.partition(".")[0])
    return Named(*known, event.object_id) if known else None


def of_changes(
    entity: str, change: str, record_ids: Iterable[str], fields: Iterable[str], at: int
) -> list[Event]:
    """Salesforce's change event as events: one for each record, and for each field of an update, so that
    `property` of events.yml narrows them as it does HubSpot's. `Lead.CREATE`, `Opportunity.UPDATE`."""
    kind = f"{entity}.{change}"
    return [
        Event(kind, record_id, name, at, f"{kind} {record_id} {name} {at}")
        for record_id in record_ids for name in (list(fields) or [""])
    ]  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """A person's record that an event brings into a journey; by `key`, the event's, it happens once."""

    named: Named
    journey: str
    key: str
    kind: str


def entries(events: Iterable[Event], file: EventsFile) -> list[Entry]:
    """Who enters which journey by these events. An event about no person, or that one is gone, brings in
    nobody."""
    wanted = [rule for rule in file.events if rule.do == "journey"]
    return [
        Entry(named, rule.name, event.key, event.kind)
        for event in events
        if (named := about(event)) is not None and named.is_person and not event.kind.endswith(_GONE)
        for rule in wanted if _fits(rule, event)
    ]  # fmt: skip


class Seen:
    """The events that came, so that one which is delivered again sets off nothing."""

    def __init__(self) -> None:
        self._keys: OrderedDict[str, None] = OrderedDict()

    def new(self, events: Iterable[Event]) -> list[Event]:
        """Those that were not seen before, each once."""
        found = []
        for event in events:
            if event.key not in self._keys:
                self._keys[event.key] = None
                found.append(event)
        while len(self._keys) > _MOST_KNOWN:
            self._keys.popitem(last=False)
        return found

    def forget(self, events: Iterable[Event]) -> None:
        """These were not taken after all: delivered again, they are new."""
        for event in events:
            self._keys.pop(event.key, None)


def set_off(events: Iterable[Event], file: EventsFile) -> list[EventRule]:
    """What these events set off, each once, in the order of the file."""
    known = list(events)
    return [rule for rule in file.events if any(_fits(rule, event) for event in known)]


def split(events: Iterable[Event], file: EventsFile) -> tuple[list[Named], bool]:
    """People's records that are to be decided about, and whether something else is, which takes a refresh."""
    named: dict[Named, None] = {}
    others = False
    for event in events:
        if event.kind == GAP:
            others = True
        elif any(rule.do == "decide" and _fits(rule, event) for rule in file.events):
            about = _PEOPLE.get(event.kind.partition(".")[0])
            if about is None or event.kind.endswith(_GONE):
                others = True
            else:
                named[Named(*about, event.object_id)] = None
    return list(named), others


def _fits(rule: EventRule, event: Event) -> bool:
    return rule.on in ("*", event.kind) and rule.property in ("", event.property)


def _event(content: Mapping[str, Any]) -> Event:
    """`eventId` is not unique, so an event is known by what it says; `attemptNumber` is no part of that."""
    kind, object_id = str(content.get("subscriptionType") or ""), str(content.get("objectId") or "")
    changed, at = str(content.get("propertyName") or ""), int(content.get("occurredAt") or 0)
    parts = (kind, object_id, changed, str(content.get("propertyValue") or ""), str(at))
    return Event(kind, object_id, changed, at, hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24])
