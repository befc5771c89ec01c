"""What marketing has in HubSpot: lists, forms, events, campaigns' parts, rates, teams, meeting links."""

from __future__ import annotations

import random
from typing import Any

import orjson

from sandbox.hubspot.campaigns import MODELS
from sandbox.times import DAY, HOUR, MINUTE, iso
from sandbox.worlds.draw import Generator, working_time
from sandbox.worlds.hubspot_side import HubSpot
from sandbox.worlds.model import Campaign, Person
from sandbox.worlds.reps import REPS, STAFF

FORMS = ("Newsletter sign-up", "Demo request", "Whitepaper download", "Contact us", "Webinar registration")
_PAGES = ("newsletter", "demo", "guides/forecasting", "contact", "webinars/next")
_ASSETS = {"Webinar": "MARKETING_EVENT", "Email": "MARKETING_EMAIL", "Newsletter": "MARKETING_EMAIL"}
_MEDIA = {
    "PAID_SEARCH": ("google", "cpc"), "PAID_SOCIAL": ("linkedin", "cpc"), "OFFLINE": ("northwind", "event"),
    "EMAIL_MARKETING": ("newsletter", "email"), "ORGANIC_SEARCH": ("google", "organic"),
    "OTHER_CAMPAIGNS": ("northwind", "display"),
}  # fmt: skip
_LISTS = (
    ("Newsletter subscribers", "MANUAL"), ("Customers", "DYNAMIC"), ("Marketing qualified", "DYNAMIC"),
    ("Trade show scans", "SNAPSHOT"), ("Unsubscribed", "DYNAMIC"), ("New this fortnight", "DYNAMIC"),
    ("Imported, never used", "SNAPSHOT"), ("Nurture", "MANUAL"),
)  # fmt: skip
_STATES = ("REGISTERED", "ATTENDED", "CANCELLED", "NO_SHOW")
_RATES = (("EUR", 1.08), ("GBP", 1.27))


def guid(rng: random.Random) -> str:
    """A random UUID, as `uuid` would spell it, at a quarter of its price."""
    bits = rng.getrandbits(128) & ~(0xC000 << 48) & ~(0xF000 << 64) | 0x8000 << 48 | 4 << 76
    digits = f"{bits:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def put(side: HubSpot, table: str, rows: list[tuple[Any, ...]]) -> None:
    """Rows of a table, the last value of each as JSON."""
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        *columns, shown = zip(*rows, strict=True)
        stored = zip(*columns, map(orjson.dumps, shown), strict=True)
        side.store.db.executemany(f"insert into {table} values ({marks})", stored)


def start(side: HubSpot) -> None:
    """Teams, rates, meeting links, forms."""
    rng, at = side.draws("portal settings"), side.business.now - 800 * DAY
    users = {rep.email: 9_001 + number for number, rep in enumerate(STAFF)}
    teams: dict[str, list[str]] = {}
    for rep in STAFF:
        teams.setdefault(rep.segment, []).append(str(users[rep.email]))
    put(side, "teams", [
        (100 + n, {"id": str(100 + n), "name": name.title(), "userIds": ids,
                   "secondaryUserIds": teams["management"][:1] if name != "management" else []})
        for n, (name, ids) in enumerate(teams.items())
    ])  # fmt: skip
    rates: list[tuple[Any, ...]] = []
    for currency, rate in _RATES:
        for month in range(26):
            since = at + month * 30 * DAY
            rates.append((1_000 + len(rates), {
                "id": str(1_000 + len(rates)), "fromCurrencyCode": currency, "toCurrencyCode": "USD",
                "conversionRate": round(rate * rng.uniform(0.96, 1.04), 6), "effectiveAt": iso(since),
                "createdAt": iso(since), "updatedAt": iso(since), "visibleInUI": True,
            }))  # fmt: skip
    put(side, "exchange_rates", rates)
    for n, rep in enumerate(REPS):
        slug = f"{rep.first}-{rep.last}".lower()
        side.meetings[rep.email] = (str(3_000 + n), f"https://meetings.northwind.example/{slug}")
        put(side, "meeting_links", [(3_000 + n, {
            "id": str(3_000 + n), "slug": slug, "link": side.meetings[rep.email][1],
            "name": f"Meet {rep.first}", "type": "PERSONAL_LINK",
            "organizerUserId": str(users[rep.email]), "userIdsOfLinkMembers": [],
            "defaultLink": True, "createdAt": iso(at + n * DAY), "updatedAt": iso(at + n * DAY),
        })])  # fmt: skip
    _forms(side.draws("forms"), side)


def add(side: HubSpot) -> None:
    """What a region's people did: forms sent, lists joined, events attended; and what campaigns brought."""
    known = [p for p in side.business.people if p.key in side.contacts]
    reached = [p for p in known if not p.untouched]
    _submissions(side.draws("forms"), side, reached)
    _members(side.draws("lists"), side, known)
    _seats(side.draws("marketing events"), side, reached, side.salesforce.came)
    for person in known:
        if person.campaign:
            key = person.campaign.key
            side.tally.brought[key] = side.tally.brought.get(key, 0) + 1
    _influenced(side, reached)
    for deal in side.business.deals:
        campaign = deal.contacts[0].campaign
        if campaign and deal.last.progress == 2:
            side.tally.won.setdefault(campaign.key, []).append(deal.last.amount)


def _influenced(side: HubSpot, reached: list[Person]) -> None:
    """Who came by a campaign; and some who saw one in passing, which nothing else tells of."""
    campaigns = side.business.campaigns
    found: list[dict[int, int]] = [side.tally.influenced.setdefault(c.key, {}) for c in campaigns]
    for person in reached:
        contact = side.contacts[person.key]
        for key in range(-person.key * 31 % 100, len(campaigns), 100):
            campaign = campaigns[key]
            if person.created < campaign.end:
                at = min(max(campaign.start, person.created) + DAY, side.business.now)
                found[key][contact] = at
        if person.campaign is not None:
            found[person.campaign.key][contact] = person.created


def finish(side: HubSpot) -> None:
    """Lists, events and campaigns, with what came together over all regions."""
    _lists(side)
    _events(side)
    _campaigns(side.draws("campaign parts"), side)


def tags(campaign: Campaign) -> str:
    """The parameters of the links that a campaign sends out."""
    source, medium = _MEDIA.get(campaign.kind[2], ("partner", "referral"))
    return f"utm_source={source}&utm_medium={medium}&utm_campaign={campaign.utm}"


def _address(side: HubSpot, person: Person) -> str:
    return side.addresses.get(person.key, (person.email, ""))[0].strip().lower()


def _forms(rng: random.Random, side: HubSpot) -> None:
    at, ids = side.business.now - 780 * DAY, [guid(rng) for _ in (*FORMS, "old")]
    fields = [{"objectTypeId": "0-1", "name": n, "label": n.title(), "required": n == "email",
               "hidden": False, "fieldType": "email" if n == "email" else "single_line_text"}
              for n in ("email", "firstname", "lastname", "company")]  # fmt: skip
    forms = []
    for n, name in enumerate((*FORMS, "Old contact form")):
        archived = n == len(FORMS)
        shown = {
            "id": ids[n], "name": name, "formType": "hubspot", "createdAt": iso(at + n * DAY),
            "updatedAt": iso(at + n * 20 * DAY), "archived": archived,
            "fieldGroups": [{"groupType": "default_group", "richTextType": "text", "fields": fields}],
            "configuration": {"language": "en", "cloneable": True, "editable": True},
        } | ({"archivedAt": iso(at + 90 * DAY)} if archived else {})  # fmt: skip
        forms.append((ids[n], archived, shown))
    put(side, "forms", forms)
    side.forms = ids


def _submissions(rng: random.Random, side: HubSpot, known: list[Person]) -> None:
    """Who sent forms: people with a first campaign more often, some twice in a minute."""
    sent = []
    for person in known:
        email = _address(side, person)
        for _ in range(rng.choice((0, 0, 1, 1, 2, 3) if person.campaign else (0, 0, 0, 1, 2))):
            when = working_time(rng, person.created, side.business.now)
            form = rng.randrange(len(FORMS))
            for moment in (when, when + 20_000) if rng.random() < 0.02 else (when,):
                sent.append(
                    _submission(rng, person, email, side.forms[form], form, min(moment, side.business.now))
                )
            if email:
                side.key.touches.append(
                    (person.key, "hubspot", "submissions", str(sent[-1][0]), "submission", iso(when), None)
                )
    put(side, "submissions", sent)


def _submission(
    rng: random.Random, person: Person, email: str, form: str, number: int, at: int
) -> tuple[Any, ...]:
    utm = f"?{tags(person.campaign)}" if person.campaign and rng.random() < 0.7 else ""
    said = {
        "email": email, "firstname": person.first, "lastname": person.last,
        "company": person.company.name if person.company else "",
    }  # fmt: skip
    conversion = guid(rng)
    return (conversion, form, at, {
        "conversionId": conversion, "submittedAt": at,
        "values": [{"name": n, "value": v, "objectTypeId": "0-1"} for n, v in said.items() if v],
        "pageUrl": f"https://www.northwind.example/{_PAGES[number]}{utm}",
    })  # fmt: skip


def _members(rng: random.Random, side: HubSpot, known: list[Person]) -> None:
    now = side.business.now
    wanted: list[list[Person]] = [
        [p for p in known if not p.opted_out and rng.random() < 0.6],
        [p for p in known if "customer" in p.stages],
        [p for p in known if "marketingqualifiedlead" in p.stages],
        [p for p in known if p.origin == "OFFLINE"],
        [p for p in known if p.opted_out],
        [p for p in known if p.created > now - 14 * DAY],
    ]
    for n, people in enumerate(wanted, 1):
        created = _list_made(n, now)
        joined = [
            (n, side.contacts[p.key], min(now, max(created, p.created) + rng.randrange(20) * DAY))
            for p in people
        ]
        side.store.db.executemany("insert into list_members values (?, ?, ?)", joined)
        size, last = side.tally.listed.get(n, (0, None))
        latest = max((at for _, _, at in joined), default=last)
        side.tally.listed[n] = (size + len(joined), latest if last is None else max(last, latest or last))


def _list_made(number: int, now: int) -> int:
    return now - (700 - number * 40) * DAY


def _lists(side: HubSpot) -> None:
    lists = []
    for n, (name, kind) in enumerate(_LISTS, 1):
        created = _list_made(n, side.business.now)
        size, last = side.tally.listed.get(n, (0, None))
        extra = {"hs_list_size": str(size)} | (
            {"hs_last_record_added_at": str(last)} if last is not None else {}
        )
        lists.append((n, {
            "listId": str(n), "listVersion": 1, "name": name, "objectTypeId": "0-1", "processingType": kind,
            "processingStatus": "COMPLETE", "createdById": "9001", "updatedById": "9001",
            "createdAt": iso(created), "updatedAt": iso(created), "filtersUpdatedAt": iso(created),
            "additionalProperties": extra,
        }))  # fmt: skip
    put(side, "lists", lists)


def _held(side: HubSpot) -> list[tuple[int, Campaign, int]]:
    """Webinars and shows: their number, their campaign, when they begin."""
    held = [(c, c.held) for c in side.business.campaigns if c.held is not None]
    return [(n, campaign, begin) for n, (campaign, begin) in enumerate(held)]


def _seats(rng: Generator, side: HubSpot, known: list[Person], came: set[tuple[int, int]]) -> None:
    """Who registered, came (Salesforce may know of it too), cancelled or stayed away."""
    seats: list[tuple[Any, ...]] = []
    now = side.business.now
    for n, campaign, begin in _held(side):
        event = 400_001 + n
        invited = [
            p for p in known
            if p.created < begin
            and (rng.random() < 0.04 * campaign.kind[4] or (p.key, campaign.key) in came)
        ]  # fmt: skip
        counts = side.tally.attended.setdefault(n, dict.fromkeys(_STATES, 0))
        for person in invited:
            state = "REGISTERED" if begin > now else rng.weighted(_STATES, (1, 12, 14, 20))
            if (person.key, campaign.key) in came:
                state = "ATTENDED"
            counts[state] += 1
            at = min(now, begin if state in ("ATTENDED", "NO_SHOW") else begin - rng.randrange(1, 9) * DAY)
            stayed = round(rng.uniform(0.2, 1.0), 2) if state == "ATTENDED" else None
            seat = 900_001 + side.tally.seats
            side.tally.seats += 1
            seats.append((seat, event, {
                "id": str(seat), "createdAt": iso(min(now, begin - 9 * DAY)),
                "associations": {
                    "contact": {"contactId": str(side.contacts[person.key]), "email": _address(side, person),
                                "firstname": person.first, "lastname": person.last},
                    "marketingEvent": {"marketingEventId": str(event), "name": campaign.name,
                                       "externalEventId": f"NW-EV-{n}", "externalAccountId": "northwind"},
                },
                "properties": {
                    "occurredAt": at, "attendanceState": state,
                    "attendancePercentage": None if stayed is None else str(stayed),
                    "attendanceDurationSeconds": None if stayed is None else int(stayed * 3_600),
                },
            }))  # fmt: skip
            side.key.touches.append(
                (person.key, "hubspot", "participations", str(seat), state.lower(), iso(at), None)
            )
    put(side, "participations", seats)


def _events(side: HubSpot) -> None:
    events: list[tuple[Any, ...]] = []
    now = side.business.now
    for n, campaign, begin in _held(side):
        end, event = begin + (HOUR if campaign.kind[0] == "Webinar" else 2 * DAY), 400_001 + n
        counts = side.tally.attended[n]
        events.append((event, {
            "objectId": str(event), "externalEventId": f"NW-EV-{n}", "eventName": campaign.name,
            "eventType": campaign.kind[0].upper().replace(" ", "_"), "eventOrganizer": "Northwind",
            "eventDescription": campaign.name, "eventUrl": f"https://www.northwind.example/events/{n}",
            "startDateTime": iso(begin), "endDateTime": iso(end), "eventCancelled": False,
            "eventCompleted": end < now, "eventStatus": "PAST" if end < now else "UPCOMING",
            "registrants": counts["REGISTERED"], "attendees": counts["ATTENDED"],
            "cancellations": counts["CANCELLED"], "noShows": counts["NO_SHOW"], "customProperties": [],
            "appInfo": {"id": "0", "name": "HubSpot"}, "createdAt": iso(campaign.start),
            "updatedAt": iso(min(now, end)),
        }))  # fmt: skip
    put(side, "marketing_events", events)


def _campaigns(rng: random.Random, side: HubSpot) -> None:
    """Assets, the items budget and spend are made of, and what HubSpot itself reports."""
    ids = {int(orjson.loads(props)["hs_object_id"]) - 600_001: i for i, props in
           side.store.rows("select id, props from campaigns")}  # fmt: skip
    assets: list[tuple[Any, ...]] = []
    items: list[tuple[Any, ...]] = []
    reports: list[tuple[Any, ...]] = []
    contacts: list[tuple[Any, ...]] = []
    for campaign in side.business.campaigns:
        uid = ids[campaign.key]
        for n in range(rng.choice((1, 2, 3, 14)) if campaign.key < 8 else rng.choice((1, 2))):
            kind = _ASSETS.get(campaign.kind[0], "LANDING_PAGE")
            name = f"{campaign.name} {n + 1}"
            assets.append(
                (uid, kind, str(70_000 + len(assets)), {"id": str(70_000 + len(assets)), "name": name})
            )
        items += _items(campaign, uid, "budget", campaign.budget) + _items(
            campaign, uid, "spend", campaign.spend
        )
        people, deals = side.tally.brought.get(campaign.key, 0), side.tally.won.get(campaign.key, [])
        reports.append((uid, "metrics", {
            "sessions": people * 7 + rng.randrange(50), "newContactsFirstTouch": people,
            "newContactsLastTouch": round(people * 0.8),
            "influencedContacts": len(side.tally.influenced.get(campaign.key, {})),
        }))  # fmt: skip
        contacts += [
            (uid, "influencedContacts", contact, at)
            for contact, at in side.tally.influenced.get(campaign.key, {}).items()
        ]
        for model in MODELS:
            share = 1.0 if model == "FIRST_INTERACTION" else rng.uniform(0.3, 0.9)
            reports.append((uid, model, {
                "contactsNumber": people, "dealsNumber": len(deals), "dealAmount": float(sum(deals)),
                "revenueAmount": round(sum(deals) * share, 2), "currencyCode": "USD",
            }))  # fmt: skip
    put(side, "campaign_assets", assets)
    put(side, "campaign_items", items)
    put(side, "campaign_reports", reports)
    side.store.db.executemany("insert into campaign_contacts values (?, ?, ?, ?)", contacts)


def _items(campaign: Campaign, uid: str, kind: str, total: int) -> list[tuple[Any, ...]]:
    """Three parts that add up to the total."""
    first, second = total // 2, total // 3
    return [
        (uid, kind, f"{kind}-{campaign.key}-{n}", {
            "id": f"{kind}-{campaign.key}-{n}", "name": name, "amount": float(amount), "order": n,
            "description": "", "createdAt": campaign.start, "updatedAt": campaign.start + MINUTE,
        })
        for n, (name, amount) in enumerate(
            (("Media", first), ("Production", second), ("Other", total - first - second))
        )
    ]  # fmt: skip
