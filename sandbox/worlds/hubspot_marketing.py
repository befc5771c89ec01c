"""What marketing has in HubSpot: lists, forms, events, campaigns' parts, rates, teams, meeting links."""

from __future__ import annotations

import random
import uuid
from typing import Any

import orjson

from sandbox.hubspot.campaigns import MODELS
from sandbox.times import DAY, HOUR, MINUTE, iso
from sandbox.worlds.draw import rng_for, working_time
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
_RATES = (("EUR", 1.08), ("GBP", 1.27))


def guid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def put(side: HubSpot, table: str, rows: list[tuple[Any, ...]]) -> None:
    """Rows of a table, the last value of each as JSON."""
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        stored = [(*row[:-1], orjson.dumps(row[-1])) for row in rows]
        side.store.db.executemany(f"insert into {table} values ({marks})", stored)


def settings(side: HubSpot, seed: int) -> dict[str, tuple[str, str]]:
    """Teams, rates, meeting links; the links by a rep's address."""
    rng, at = rng_for(seed, "portal settings"), side.business.now - 800 * DAY
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
    links = {}
    for n, rep in enumerate(REPS):
        slug = f"{rep.first}-{rep.last}".lower()
        links[rep.email] = (str(3_000 + n), f"https://meetings.northwind.example/{slug}")
        put(side, "meeting_links", [(3_000 + n, {
            "id": str(3_000 + n), "slug": slug, "link": links[rep.email][1], "name": f"Meet {rep.first}",
            "type": "PERSONAL_LINK", "organizerUserId": str(users[rep.email]), "userIdsOfLinkMembers": [],
            "defaultLink": True, "createdAt": iso(at + n * DAY), "updatedAt": iso(at + n * DAY),
        })])  # fmt: skip
    return links


def fill(side: HubSpot, seed: int) -> None:
    """Everything that is drawn from the people and campaigns."""
    known = [p for p in side.business.people if p.key in side.contacts]
    reached = [p for p in known if not p.untouched]
    _forms(rng_for(seed, "forms"), side, reached)
    _lists(rng_for(seed, "lists"), side, known)
    _events(rng_for(seed, "marketing events"), side, reached)
    _campaigns(rng_for(seed, "campaign parts"), side, known)


def tags(campaign: Campaign) -> str:
    """The parameters of the links that a campaign sends out."""
    source, medium = _MEDIA.get(campaign.kind[2], ("partner", "referral"))
    return f"utm_source={source}&utm_medium={medium}&utm_campaign={campaign.utm}"


def _address(side: HubSpot, person: Person) -> str:
    return side.addresses.get(person.key, (person.email, ""))[0].strip().lower()


def _forms(rng: random.Random, side: HubSpot, known: list[Person]) -> None:
    """The forms, and who sent them: people with a first campaign more often, some twice in a minute."""
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
    sent = []
    for person in known:
        email = _address(side, person)
        for _ in range(rng.choice((0, 0, 1, 1, 2, 3) if person.campaign else (0, 0, 0, 1, 2))):
            when = working_time(rng, person.created, side.business.now)
            form = rng.randrange(len(FORMS))
            for moment in (when, when + 20_000) if rng.random() < 0.02 else (when,):
                sent.append(_submission(rng, person, email, ids[form], form, min(moment, side.business.now)))
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


def _lists(rng: random.Random, side: HubSpot, known: list[Person]) -> None:
    now = side.business.now
    wanted: list[tuple[str, str, list[Person]]] = [
        ("Newsletter subscribers", "MANUAL", [p for p in known if not p.opted_out and rng.random() < 0.6]),
        ("Customers", "DYNAMIC", [p for p in known if "customer" in p.stages]),
        ("Marketing qualified", "DYNAMIC", [p for p in known if "marketingqualifiedlead" in p.stages]),
        ("Trade show scans", "SNAPSHOT", [p for p in known if p.origin == "OFFLINE"]),
        ("Unsubscribed", "DYNAMIC", [p for p in known if p.opted_out]),
        ("New this fortnight", "DYNAMIC", [p for p in known if p.created > now - 14 * DAY]),
        ("Imported, never used", "SNAPSHOT", []),
        ("Nurture", "MANUAL", []),
    ]
    lists, members = [], []
    for n, (name, kind, people) in enumerate(wanted, 1):
        created = now - (700 - n * 40) * DAY
        joined = [
            (n, side.contacts[p.key], min(now, max(created, p.created) + rng.randrange(20) * DAY))
            for p in people
        ]
        members += joined
        last = max((at for _, _, at in joined), default=None)
        extra = {"hs_list_size": str(len(joined))} | (
            {"hs_last_record_added_at": str(last)} if last is not None else {}
        )
        lists.append((n, {
            "listId": str(n), "listVersion": 1, "name": name, "objectTypeId": "0-1", "processingType": kind,
            "processingStatus": "COMPLETE", "createdById": "9001", "updatedById": "9001",
            "createdAt": iso(created), "updatedAt": iso(created), "filtersUpdatedAt": iso(created),
            "additionalProperties": extra,
        }))  # fmt: skip
    put(side, "lists", lists)
    side.store.db.executemany("insert into list_members values (?, ?, ?)", members)


def _events(rng: random.Random, side: HubSpot, known: list[Person]) -> None:
    """Webinars and shows with who registered, came, cancelled or stayed away."""
    events: list[tuple[Any, ...]] = []
    seats: list[tuple[Any, ...]] = []
    now = side.business.now
    held = [c for c in side.business.campaigns if c.kind[0] in ("Webinar", "Trade Show")]
    for n, campaign in enumerate(held):
        begin = min(campaign.start + 10 * DAY, campaign.end - DAY) + 15 * HOUR
        end, event = begin + (HOUR if campaign.kind[0] == "Webinar" else 2 * DAY), 400_001 + n
        invited = [p for p in known if p.created < begin and rng.random() < 0.04 * campaign.kind[4]]
        counts = {"REGISTERED": 0, "ATTENDED": 0, "CANCELLED": 0, "NO_SHOW": 0}
        for person in invited:
            state = "REGISTERED" if begin > now else rng.choices(tuple(counts), (1, 11, 2, 6))[0]
            counts[state] += 1
            at = min(now, begin if state in ("ATTENDED", "NO_SHOW") else begin - rng.randrange(1, 9) * DAY)
            stayed = round(rng.uniform(0.2, 1.0), 2) if state == "ATTENDED" else None
            seat = 900_001 + len(seats)
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
    put(side, "participations", seats)


def _campaigns(rng: random.Random, side: HubSpot, known: list[Person]) -> None:
    """Assets, the items budget and spend are made of, and what HubSpot itself reports."""
    ids = {int(orjson.loads(props)["hs_object_id"]) - 600_001: i for i, props in
           side.store.rows("select id, props from campaigns")}  # fmt: skip
    won: dict[int, list[int]] = {}
    for deal in side.business.deals:
        campaign = deal.contacts[0].campaign
        if campaign and deal.last.progress == 2:
            won.setdefault(campaign.key, []).append(deal.last.amount)
    brought: dict[int, int] = {}
    for person in known:
        if person.campaign:
            brought[person.campaign.key] = brought.get(person.campaign.key, 0) + 1
    assets: list[tuple[Any, ...]] = []
    items: list[tuple[Any, ...]] = []
    reports: list[tuple[Any, ...]] = []
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
        people, deals = brought.get(campaign.key, 0), won.get(campaign.key, [])
        reports.append((uid, "metrics", {
            "sessions": people * 7 + rng.randrange(50), "newContactsFirstTouch": people,
            "newContactsLastTouch": round(people * 0.8), "influencedContacts": people * 3,
        }))  # fmt: skip
        for model in MODELS:
            share = 1.0 if model == "FIRST_INTERACTION" else rng.uniform(0.3, 0.9)
            reports.append((uid, model, {
                "contactsNumber": people, "dealsNumber": len(deals), "dealAmount": float(sum(deals)),
                "revenueAmount": round(sum(deals) * share, 2), "currencyCode": "USD",
            }))  # fmt: skip
    put(side, "campaign_assets", assets)
    put(side, "campaign_items", items)
    put(side, "campaign_reports", reports)


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
