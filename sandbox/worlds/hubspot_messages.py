"""Marketing e-mail and what became of it: sends, opens, clicks by people and by scanners, consent, visits."""

from __future__ import annotations

import random
from typing import Any

from sandbox.times import DAY, HOUR, MINUTE, SECOND, iso
from sandbox.worlds.draw import working_time
from sandbox.worlds.hubspot_marketing import guid, put, tags
from sandbox.worlds.hubspot_side import HubSpot
from sandbox.worlds.model import Person

TYPES = (
    (501, "Newsletter", "Marketing"),
    (502, "Product updates", "Marketing"),
    (503, "Events", "Marketing"),
)
_APP = {"appId": 113, "appName": "Batch"}
_URL = "https://www.northwind.example/"
_PAGES = ("pricing", "product", "blog/forecasting")


def start(side: HubSpot) -> None:
    """What one can subscribe to."""
    at = side.business.now - 790 * DAY
    put(side, "subscription_types", [
        (i, {
            "id": str(i), "name": name, "description": f"{name} from Northwind", "purpose": purpose,
            "communicationMethod": "Email", "isActive": True, "isDefault": i == 501, "isInternal": False,
            "businessUnitId": 0, "createdAt": iso(at), "updatedAt": iso(at),
        })
        for i, name, purpose in TYPES
    ])  # fmt: skip


def add(side: HubSpot) -> None:
    """Of a region: events of e-mail, consent with its changes, page views and a custom event."""
    known = [(p, side.addresses.get(p.key, (p.email, ""))[0].strip().lower()) for p in side.business.people
             if p.key in side.contacts]  # fmt: skip
    known = [(person, email) for person, email in known if "@" in email]
    reached = [(person, email) for person, email in known if not person.untouched]
    _Mail(side, side.draws("messages"), reached).send()
    _consent(side.draws("consent"), side, known)
    _visits(side.draws("visits"), side)


def finish(side: HubSpot) -> None:
    """The mailings with their counts, and changes of consent in the order they were made."""
    rows: list[tuple[Any, ...]] = []
    for key, subject, sent in _mailings(side):
        counts, updated = side.tally.mailed.get(key, ({}, sent))
        rows.append((key, updated, {
            "id": key, **_APP, "name": subject, "subject": subject, "contentId": key + 1_000,
            "type": "BATCH_EMAIL", "numIncluded": counts.get("sent", 0), "counters": counts,
            "lastUpdatedTime": updated,
        }))  # fmt: skip
    put(side, "email_campaigns", rows)
    for statement in (
        "create temp table ordered as select row_number() over (order by at, id), at, shown "
        "from subscription_changes",
        "delete from subscription_changes",
        "insert into subscription_changes select * from ordered",
        "drop table ordered",
    ):
        side.store.db.execute(statement)


def _mailings(side: HubSpot) -> list[tuple[int, str, int]]:
    """Number, subject and time of each mailing."""
    found: list[tuple[int, str, int]] = []
    mailed = [c for c in side.business.campaigns if c.kind[2] == "EMAIL_MARKETING"]
    for n, campaign in enumerate(mailed or side.business.campaigns[:4]):
        for number in range(1 if n else 3):
            sent = min(campaign.start + (3 + number * 21) * DAY + 9 * HOUR, side.business.now - DAY)
            found.append((880_001 + len(found), f"{campaign.name}: issue {number + 1}", sent))
    return found


class _Mail:
    """All sends. A bot is a scanner at the recipient's: it clicks every link within seconds of delivery."""

    def __init__(self, side: HubSpot, rng: random.Random, known: list[tuple[Person, str]]) -> None:
        self.side, self.rng, self.known = side, rng, known
        self.events: list[tuple[Any, ...]] = []

    def send(self) -> None:
        scanned = {p.company.key for p, _ in self.known if p.company and p.company.key % 9 == 0}
        for key, subject, sent in _mailings(self.side):
            before = len(self.events)
            for person, email in self.known:
                if person.created < sent and self.rng.random() < 0.25:
                    bot = person.company is not None and person.company.key in scanned
                    self._one(key, subject, sent, person, email, bot=bot)
            mine = self.events[before:]
            counts, updated = self.side.tally.mailed.get(key, ({}, 0))
            for event in mine:
                counts[event[2].lower()] = counts.get(event[2].lower(), 0) + 1
            latest = max((event[1] for event in mine), default=updated)
            if latest:
                self.side.tally.mailed[key] = (counts, max(updated, latest))
        put(self.side, "email_events", self.events)

    def _one(self, key: int, subject: str, sent: int, person: Person, email: str, *, bot: bool) -> None:
        rng = self.rng
        root = self._event(
            "SENT", sent, email, key, None, subject=subject, **{"from": "news@northwind.example"}
        )
        if person.opted_out and sent > person.created + 60 * DAY:
            reason = "PREVIOUSLY_UNSUBSCRIBED_MESSAGE"
            self._event("DROPPED", sent + SECOND, email, key, root, dropReason=reason)
            return
        if rng.random() < 0.015:
            self._event("BOUNCE", sent + MINUTE, email, key, root, category="UNKNOWN_USER", status="5.1.1",
                        response="550 no such user")  # fmt: skip
            return
        delivered = sent + rng.randrange(5, 90) * SECOND
        self._event("DELIVERED", delivered, email, key, root, response="250 2.0.0 OK")
        if bot:
            self._event(
                "OPEN", delivered + 2 * SECOND, email, key, root, filteredEvent=True, userAgent="scanner"
            )
            for n in range(3):
                self._event("CLICK", delivered + (3 + n) * SECOND, email, key, root, filteredEvent=True,
                            url=f"{_URL}link{n}", linkId=n, userAgent="scanner")  # fmt: skip
        if rng.random() < 0.3:
            opened = delivered + int(rng.expovariate(1 / 9) * HOUR)
            self._event("OPEN", opened, email, key, root, filteredEvent=False, duration=rng.randrange(60_000),
                        deviceType=rng.choice(("COMPUTER", "MOBILE")))  # fmt: skip
            if rng.random() < 0.22:
                clicked = opened + rng.randrange(4, 200) * SECOND
                event = self._event("CLICK", clicked, email, key, root, filteredEvent=False,
                                    url=f"{_URL}link{rng.randrange(3)}", linkId=1)  # fmt: skip
                if event:
                    self.side.key.touches.append(
                        (
                            person.key,
                            "hubspot",
                            "email_events",
                            event["id"],
                            "click",
                            iso(event["created"]),
                            None,
                        )
                    )

    def _event(
        self, kind: str, at: int, email: str, key: int, sent_by: dict[str, Any] | None, **more: Any
    ) -> dict[str, Any]:
        """An event, unless it would be in the future. Its id and time, by which others refer to it."""
        if at > self.side.business.now:
            return {}
        own = {"id": guid(self.rng), "created": at}
        shown = own | {"type": kind, "recipient": email, "portalId": 48290173, **_APP, "emailCampaignId": key,
                       **more}  # fmt: skip
        if sent_by:
            shown["sentBy"] = sent_by
        self.events.append((own["id"], at, kind, email, key, shown))
        return own


def _consent(rng: random.Random, side: HubSpot, known: list[tuple[Person, str]]) -> None:
    """Most said yes to something when they came; who opted out did so later and from everything."""
    statuses: dict[tuple[str, int], dict[str, Any]] = {}
    changes: list[tuple[int, dict[str, Any]]] = []
    for person, email in known:
        if rng.random() < 0.3 and not person.opted_out:
            continue
        wanted = [t for t in TYPES if rng.random() < 0.6] or [TYPES[0]]
        _say(statuses, changes, email, person.created, "SUBSCRIBED", wanted, "SOURCE_FORM_SUBMISSION")
        if person.opted_out:
            at = min(side.business.now, person.created + rng.randrange(5, 200) * DAY)
            _say(statuses, changes, email, at, "UNSUBSCRIBED", list(TYPES), "SOURCE_RECIPIENT")
        elif rng.random() < 0.05:
            at = min(side.business.now, person.created + rng.randrange(5, 200) * DAY)
            _say(statuses, changes, email, at, "UNSUBSCRIBED", wanted[:1], "SOURCE_RECIPIENT")
    changes.sort(key=lambda each: (each[0], each[1]["recipient"]))
    put(side, "subscription_statuses", [(*key, shown) for key, shown in statuses.items()])
    put(side, "subscription_changes", [
        (side.tally.consents + n, at, shown) for n, (at, shown) in enumerate(changes, 1)
    ])  # fmt: skip
    side.tally.consents += len(changes)


def _say(
    statuses: dict[tuple[str, int], dict[str, Any]], changes: list[tuple[int, dict[str, Any]]], email: str,
    at: int, status: str, types: list[tuple[int, str, str]], source: str,
) -> None:  # fmt: skip
    for key, name, _ in types:
        statuses[email, key] = {
            "channel": "EMAIL", "source": source, "status": status, "subscriberIdString": email,
            "subscriptionId": key, "subscriptionName": name, "timestamp": iso(at), "businessUnitId": 0,
            "legalBasis": "CONSENT_WITH_NOTICE" if status == "SUBSCRIBED" else None,
            "legalBasisExplanation": "Asked for it on a form" if status == "SUBSCRIBED" else None,
        }  # fmt: skip
    changes.append((at, {
        "timestamp": at, "portalId": 48290173, "recipient": email,
        "changes": [
            {"change": status, "source": source, "portalId": 48290173, "subscriptionId": key,
             "changeType": "SUBSCRIPTION_STATUS"}
            for key, _, _ in types
        ],
    }))  # fmt: skip


def _visits(rng: random.Random, side: HubSpot) -> None:
    """Page views of known visitors, and the custom event of a started trial."""
    found = []
    for person in side.business.people:
        contact = side.contacts.get(person.key)
        if contact is None or person.untouched:
            continue
        for _ in range(rng.choice((0, 1, 2, 4)) if person.campaign else rng.choice((0, 0, 1, 2))):
            at = working_time(rng, person.created, side.business.now)
            found.append(_visit(rng, contact, at, "e_visited_page", {
                "hs_url": _URL + rng.choice(_PAGES) + _tagged(rng, person),
                "hs_device_type": rng.choice(("desktop", "mobile")),
            }))  # fmt: skip
        if "opportunity" in person.stages and rng.random() < 0.4:
            at = person.stages["opportunity"]
            found.append(_visit(rng, contact, at, "pe48290173_trial_started", {"edition": "business"}))
    put(side, "behaviours", found)


def _tagged(rng: random.Random, person: Person) -> str:
    """Every third visit of who came by a campaign is by one of its links."""
    return f"?{tags(person.campaign)}" if person.campaign and rng.random() < 0.33 else ""


def _visit(
    rng: random.Random, contact: int, at: int, kind: str, properties: dict[str, str]
) -> tuple[Any, ...]:
    key = guid(rng)
    shown = {
        "id": key, "occurredAt": iso(at), "eventType": kind, "objectType": "CONTACT",
        "objectId": str(contact), "properties": properties,
    }  # fmt: skip
    return key, at, kind, "contact", contact, shown
