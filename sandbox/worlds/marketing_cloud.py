"""What Marketing Cloud holds of the business: subscribers, lists, sends with what became of them, journeys.

Subscribers are the CRM's leads and contacts by their 18-character ids, as Marketing Cloud Connect makes them;
readers of the newsletter who are nobody there are kept by their address. Someone who was converted is there
twice, as lead and as contact, and is billed twice.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import orjson

from sandbox.marketing_cloud import account, event_definitions, extensions, journeys, queries, tracking
from sandbox.store import Store
from sandbox.times import DAY, HOUR, MINUTE, iso
from sandbox.worlds.answer_key import AnswerKey
from sandbox.worlds.draw import Draws
from sandbox.worlds.model import Business, Campaign, Person
from sandbox.worlds.region import Records, Region

ALL, NEWSLETTER = 23, 109
PEOPLE, ACTIVITY, COMPLAINTS = "crm_people", "crm_journey_activity", "crm_complaints"
ENTRY, NURTURE, WELCOME, OLD = "crm-high-score", "crm-nurture", "welcome-series", "spring-launch"
_SUBSCRIBED, _NEVER_MAILED, _BY_ADDRESS = 0.45, 0.15, 0.12
_OPENS, _CLICKS, _BOUNCES, _LEAVES, _COMPLAINS = 0.34, 0.30, 0.015, 0.012, 0.002
_URL = "https://www.northwind.example/"


@dataclass
class MarketingCloud:
    """The account while it is being filled; what it knows of people is of the region at hand."""

    store: Store
    draws: Draws
    key: AnswerKey
    business: Business
    salesforce: Records
    addresses: dict[int, str] = field(default_factory=dict)
    subscribers: list[tuple[Person, str, int]] = field(default_factory=list)
    """A person, their subscriber key, and since when."""
    never_mailed: list[tuple[Person, str, int]] = field(default_factory=list)
    """As `subscribers`: whom the connection made a contact, and nobody has written to yet."""
    counted: int = 0
    """Subscribers of the regions before."""
    uncounted: int = 0
    """Contacts of the regions before that are no subscribers."""
    synchronized: dict[str, extensions.Extension] = field(default_factory=dict)
    rng: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.rng = self.draws("marketing cloud")

    @property
    def now(self) -> int:
        return self.business.now

    def address(self, person: Person) -> str:
        return self.addresses.get(person.key, person.email).strip()


def start(side: MarketingCloud) -> None:
    """Make an account connected to the CRM: lists, campaigns, extensions, journeys, sends."""
    account.prepare(side.store, side.draws.seed)
    _lists(side)
    _campaigns(side)
    _extensions(side)
    _journeys(side)
    for n, (campaign, sent) in enumerate(_mailings(side)):
        name = f"{campaign.name}: mailing"
        side.store.db.execute(
            "insert into sends values (?, ?, ?, ?, null, ?)", (500_001 + n, name, name, sent, 145 + n)
        )
    side.store.db.execute(
        "insert into sends values (?, ?, ?, ?, ?, null)",
        (500_900, "Welcome", "Welcome", side.now - 300 * DAY, account.guid("triggered", WELCOME)),
    )


def add(side: MarketingCloud, region: Region, salesforce: Records) -> None:
    """A region's people, and what they did."""
    side.business, side.salesforce = region.business, salesforce
    side.addresses = {person: address[1] for person, address in region.addresses.items()}
    side.counted += len(side.subscribers)
    side.uncounted += len(side.never_mailed)
    side.subscribers, side.never_mailed = [], []
    _subscribers(side)
    _list_members(side)
    for name, ids in (("Lead", salesforce.leads), ("Contact", salesforce.contacts)):
        _synchronize(side, side.synchronized[name], set(ids.values()))
    _happened(side)


def finish(side: MarketingCloud) -> None:
    """What follows from all that happened."""
    _standing(side)
    for query in (ACTIVITY, COMPLAINTS):
        queries.run(side.store, query, at=side.now)


def _subscribers(side: MarketingCloud) -> None:
    for person in side.business.people:
        draw = side.rng.random()
        lead, contact = (ids.get(person.key) for ids in (side.salesforce.leads, side.salesforce.contacts))
        email = side.address(person)
        if "@" not in email or person.untouched:
            continue
        if draw < _SUBSCRIBED + _NEVER_MAILED:
            made = side.subscribers if draw < _SUBSCRIBED else side.never_mailed
            made += [(person, key, person.created) for key in (lead, contact) if key is not None]
        elif draw > 1 - _BY_ADDRESS and lead is None and contact is None and person.in_hubspot:
            side.subscribers.append((person, person.email.lower(), person.created))
    side.store.db.executemany(
        "insert into subscribers (id, key, email, status, created, unsubscribed) values (?, ?, ?, ?, ?, ?)",
        [
            (
                40_001 + n, key, side.address(person),
                "Unsubscribed" if person.opted_out else "Active", at,
                min(side.now, at + 60 * DAY) if person.opted_out else None,
            )
            for n, (person, key, at) in enumerate(side.subscribers, side.counted)
        ],
    )  # fmt: skip
    side.store.db.executemany(
        "insert into contacts (id, key, active, created, attributes) values (?, ?, 1, ?, ?)",
        [
            *((90_001 + n, key, at, b"{}") for n, (_, key, at) in enumerate(side.subscribers, side.counted)),
            *(
                (50_000_001 + n, key, at, b"{}")
                for n, (_, key, at) in enumerate(side.never_mailed, side.uncounted)
            ),
        ],
    )
    side.key.subscribers += [(person.key, key) for person, key, _ in side.subscribers]


def _lists(side: MarketingCloud) -> None:
    at = side.now - 800 * DAY
    for number, name in ((ALL, "All Subscribers"), (NEWSLETTER, "Newsletter")):
        side.store.db.execute(
            "insert into lists values (?, ?, ?, ?, ?, ?, ?)",
            (number, account.guid("list", number), f"{name} - 412", name, 412, at, f"{name} of Northwind"),
        )


def _list_members(side: MarketingCloud) -> None:
    side.store.db.executemany(
        "insert into list_subscribers (list, subscriber, status, created, modified) values (?, ?, ?, ?, ?)",
        [
            (NEWSLETTER, key, "Unsubscribed" if person.opted_out else "Active", at, at)
            for person, key, at in side.subscribers
            if side.rng.random() < 0.6
        ],
    )


def _mailed(side: MarketingCloud) -> list[Campaign]:
    campaigns = side.business.campaigns
    return [c for c in campaigns if c.kind[2] == "EMAIL_MARKETING"] or campaigns[:4]


def _campaigns(side: MarketingCloud) -> None:
    for number, campaign in enumerate(_mailed(side)):
        side.store.db.execute(
            "insert into campaigns values (?, ?, ?, ?, ?, ?, ?, ?)",
            (145 + number, campaign.name, campaign.name, side.salesforce.campaigns[campaign.key], "ffc7c7", 0,
             campaign.start, campaign.start),
        )  # fmt: skip


def _extensions(side: MarketingCloud) -> None:
    """Extensions of our own, those Marketing Cloud Connect fills, and the two that queries fill."""
    at = side.now - 700 * DAY
    contact_key = {"name": "ContactKey", "length": 18, "key": True}
    address = {"name": "EmailAddress", "type": "EmailAddress", "length": 254}
    extensions.create(
        side.store, PEOPLE, "CRM people",
        [
            contact_key, address, {"name": "PersonId", "length": 16},
            {"name": "FirstName", "length": 80}, {"name": "LastName", "length": 80},
            {"name": "LeadScore", "type": "Number"}, {"name": "LifecycleStage", "length": 40},
        ], at, description="Filled by the warehouse", send_field="ContactKey",
    )  # fmt: skip
    for name in ("Lead", "Contact"):
        side.synchronized[name] = extensions.create(
            side.store, f"{name}_Salesforce_1", f"{name}_Salesforce_1",
            [{"name": "_ContactKey", "length": 18, "key": True}, {"name": "Id", "length": 18},
             {"name": "Email", "type": "EmailAddress", "length": 254}],
            at, send_field="_ContactKey", synchronized=True,
        )  # fmt: skip
    moment = {"name": "EventDate", "type": "Date"}
    extensions.create(
        side.store, ACTIVITY, "CRM journey activity",
        [{"name": "SubscriberKey", "length": 254, "required": True}, moment,
         {"name": "JourneyKey", "length": 100}, {"name": "JourneyName", "length": 200},
         {"name": "VersionNumber", "type": "Number"}, {"name": "ActivityName", "length": 200},
         {"name": "JobID", "type": "Number"}], at,
    )  # fmt: skip
    extensions.create(
        side.store, COMPLAINTS, "CRM complaints",
        [{"name": "SubscriberKey", "length": 254, "required": True}, moment,
         {"name": "JobID", "type": "Number"}, {"name": "BatchID", "type": "Number"}], at,
    )  # fmt: skip
    queries.create(
        side.store, ACTIVITY, "CRM journey activity",
        "select s.SubscriberKey, s.EventDate, j.JourneyID as JourneyKey, j.JourneyName, j.VersionNumber, "
        "a.ActivityName, s.JobID from _Sent s join _JourneyActivity a "
        "on s.TriggererSendDefinitionObjectID = a.JourneyActivityObjectID "
        "join _Journey j on a.VersionID = j.VersionID", ACTIVITY,
    )  # fmt: skip
    queries.create(
        side.store, COMPLAINTS, "CRM complaints",
        "select SubscriberKey, EventDate, JobID, BatchID from _Complaint", COMPLAINTS,
    )  # fmt: skip


def _synchronize(side: MarketingCloud, found: extensions.Extension, ids: set[str]) -> None:
    rows = [
        (found.id, key.lower(), orjson.dumps({"_ContactKey": key, "Id": key, "Email": person.email}))
        for person, key, _ in (*side.subscribers, *side.never_mailed)
        if key in ids
    ]
    side.store.db.executemany("insert into extension_rows (extension, pk, body) values (?, ?, ?)", rows)


def _journeys(side: MarketingCloud) -> None:
    """One that the warehouse starts, one with a past, one that was stopped."""
    at = side.now - 400 * DAY
    fields = (
        ("EntryId", "Text", "64", True), ("ContactKey", "Text", "18", False),
        ("EmailAddress", "Email", "254", False), ("PersonId", "Text", "16", False),
        ("LeadScore", "Number", "", False),
    )  # fmt: skip
    schema = {
        "fields": [
            {"name": name, "dataType": kind, "maxLength": length, "isNullable": not key, "isPrimaryKey": key}
            for name, kind, length, key in fields
        ],
        "sendableCustomObjectField": "ContactKey",
    }
    for event in (ENTRY, f"{WELCOME}-entry", f"{OLD}-entry"):
        event_definitions.make(side.store, event, {"name": event, "type": "APIEvent", "schema": schema}, at)
    for key, event, name, status, mode in (
        (NURTURE, ENTRY, "Nurture of high scores", "Published", "SingleEntryAcrossAllVersions"),
        (WELCOME, f"{WELCOME}-entry", "Welcome series", "Published", "OnceAndDone"),
        (OLD, f"{OLD}-entry", "Spring launch", "Stopped", "OnceAndDone"),
    ):
        journeys.make(side.store, _journey(key, event, name, mode), at, status)


def _journey(key: str, event: str, name: str, mode: str) -> dict[str, object]:
    return {
        "key": key, "name": name, "entryMode": mode, "definitionType": "Multistep",
        "triggers": [
            {
                "id": account.guid("trigger", key), "key": "TRIGGER", "name": "TRIGGER", "description": "",
                "type": "APIEvent", "outcomes": [], "arguments": {}, "configurationArguments": {},
                "metaData": {"eventDefinitionKey": event, "chainType": "None"},
            }
        ],
        "activities": [
            {
                "id": account.guid("activity", key), "key": "EMAILV2-1", "name": f"{name}: first e-mail",
                "description": "", "type": "EMAILV2", "outcomes": [{"key": "next", "next": "WAIT-1"}],
                "arguments": {}, "metaData": {}, "schema": {},
                "configurationArguments": {"triggeredSendId": account.guid("triggered", key)},
            },
            {
                "id": account.guid("wait", key), "key": "WAIT-1", "name": "", "description": "",
                "type": "WAIT", "outcomes": [], "arguments": {}, "metaData": {}, "schema": {},
                "configurationArguments": {"waitDuration": 14, "waitUnit": "DAYS"},
            },
        ],
    }  # fmt: skip


def _mailings(side: MarketingCloud) -> list[tuple[Campaign, int]]:
    return [(c, min(c.start + 10 * DAY + 8 * HOUR, side.now - DAY)) for c in _mailed(side)]


def _happened(side: MarketingCloud) -> None:
    """The newsletter's issues and the welcome journey's e-mail, with what readers did."""
    events: list[tuple[object, ...]] = []
    numbers = {key: 40_001 + n for n, (_, key, _) in enumerate(side.subscribers, side.counted)}
    for n, (_, sent) in enumerate(_mailings(side)):
        for person, key, since in side.subscribers:
            if since < sent and side.rng.random() < 0.3:
                events += _mail(side, person, key, numbers[key], sent, 500_001 + n, None)
    welcome = account.guid("triggered", WELCOME)
    version = side.store.value("select id from interactions where key = ?", (WELCOME,))
    entered = [s for s in side.subscribers if s[2] > side.now - 300 * DAY and side.rng.random() < 0.2]
    for person, key, since in entered:
        side.store.db.execute(
            "insert into entries values (?, ?, ?, ?, ?, 1, ?, ?, ?)",
            (account.guid("entry", WELCOME, key), key, f"{WELCOME}-entry", version, WELCOME, since + MINUTE,
             "done" if since < side.now - 20 * DAY else "active", None),
        )  # fmt: skip
        events += _mail(side, person, key, numbers[key], since + HOUR, 500_900, welcome)
    marks = ", ".join("?" * 11)
    sql = f"insert into tracking ({tracking.COLUMNS}) values ({marks})"
    happened = [event for event in events if isinstance(event[1], int) and event[1] <= side.now]
    side.store.db.executemany(sql, happened)
    _tell(side, happened)


def _mail(
    side: MarketingCloud, person: Person, key: str, number: int, sent: int, send: int, triggered: str | None
) -> list[tuple[object, ...]]:  # fmt: skip
    rng = side.rng

    def event(kind: str, at: int, url: str = "", category: str = "", detail: str = "") -> tuple[object, ...]:
        return (kind, at, number, key, send, 1, None if triggered else NEWSLETTER, triggered, url or None,
                category or None, detail or None)  # fmt: skip

    if person.opted_out and sent > person.created + 60 * DAY:
        return []
    found = [event("SentEvent", sent)]
    if rng.random() < _BOUNCES:
        hard = rng.random() < 0.6
        kind, detail = ("Hard bounce", "550 no such user") if hard else ("Soft bounce", "452 mailbox full")
        return [*found, event("BounceEvent", sent + 2 * MINUTE, category=kind, detail=detail)]
    if rng.random() < _OPENS:
        opened = sent + int(rng.expovariate(1 / 9) * HOUR)
        found.append(event("OpenEvent", opened))
        if rng.random() < _CLICKS:
            url = _URL + rng.choice(("pricing", "product", "webinar", "blog/forecasting"))
            found.append(event("ClickEvent", opened + rng.randrange(1, 20) * MINUTE, url))
        if rng.random() < _LEAVES:
            found.append(event("UnsubEvent", opened + 30 * MINUTE))
        if rng.random() < _COMPLAINS:
            found.append(event("Complaint", opened + 40 * MINUTE))
    return found


def _tell(side: MarketingCloud, happened: list[tuple[object, ...]]) -> None:
    """Clicks stand in the answer key: marketing had a part in what their people bought later."""
    people = {key: person.key for person, key, _ in side.subscribers}
    for kind, at, _, key, send, *_ in happened:
        if kind == "ClickEvent" and isinstance(at, int):
            record = f"{send}:{key}:{at}"
            side.salesforce.clicks.append((people[str(key)], at))
            side.key.touches.append(
                (people[str(key)], "marketing_cloud", "ClickEvent", record, "click", iso(at), None)
            )


def _standing(side: MarketingCloud) -> None:
    """A subscriber's state follows what happened to them."""
    side.store.db.execute(
        "update subscribers set status = 'Unsubscribed', unsubscribed = (select max(at) from tracking "
        "where subscriber_key = key and kind in ('UnsubEvent', 'Complaint')) "
        "where status = 'Active' and key in "
        "(select subscriber_key from tracking where kind in ('UnsubEvent', 'Complaint'))"
    )
    side.store.db.execute(
        "update subscribers set status = 'Held', bounced = 1 where status = 'Active' and key in "
        "(select subscriber_key from tracking where category = 'Hard bounce')"
    )
