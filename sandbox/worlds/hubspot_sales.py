"""What hangs on sales in HubSpot: products and line items, leads, tickets, installations, goals, users."""

from __future__ import annotations

import random
from datetime import timedelta

import orjson

from sandbox.hubspot.further_objects import CUSTOM_OBJECT
from sandbox.times import DAY, HOUR, day, from_ms, iso, to_ms
from sandbox.worlds import lines
from sandbox.worlds.draw import working_time
from sandbox.worlds.hubspot_engagements import deal_ids
from sandbox.worlds.hubspot_rows import Rows
from sandbox.worlds.hubspot_side import HubSpot
from sandbox.worlds.model import Deal
from sandbox.worlds.reps import REPS, STAFF

# name, SKU, price a unit, cost, billing, type
PRODUCTS = (
    ("Platform Starter", "NW-100", 1_200, 240, "annually", "non_inventory"),
    ("Platform Business", "NW-200", 4_800, 900, "annually", "non_inventory"),
    ("Platform Enterprise", "NW-300", 18_000, 3_600, "annually", "non_inventory"),
    ("Reporting Module", "NW-410", 90, 12, "monthly", "non_inventory"),
    ("Forecasting Module", "NW-420", 140, 20, "monthly", "non_inventory"),
    ("Onboarding", "NW-900", 2_500, 1_400, "", "service"),
    ("Training Day", "NW-910", 1_100, 600, "", "service"),
    ("Edge Gateway", "NW-700", 640, 380, "", "inventory"),
)
_SUBJECTS = (
    ("Login fails after a password change", "PRODUCT_ISSUE"),
    ("Invoice shows the old address", "BILLING_ISSUE"),
    ("Export to CSV loses accents", "PRODUCT_ISSUE"), ("Can we have single sign-on?", "FEATURE_REQUEST"),
    ("How do I add a second workspace?", "GENERAL_INQUIRY"), ("Dashboard is slow", "PRODUCT_ISSUE"),
)  # fmt: skip
_WEEKDAYS = {"days": "MONDAY_TO_FRIDAY", "startMinute": 540, "endMinute": 1_020}


def start(side: HubSpot) -> None:
    """Store users and products."""
    rows = Rows(side)
    _users(side.draws("users"), side, rows)
    _products(side, rows)
    rows.store()


def add(side: HubSpot) -> None:
    """Store what hangs on a region's sales."""
    rows, ids = Rows(side), deal_ids(side)
    for deal in side.business.deals:
        if deal.last.progress == 2:
            name = (deal.last.rep.email, _quarter(deal.last.at))
            side.tally.quotas[name] = side.tally.quotas.get(name, 0) + deal.last.amount
        if deal.key in ids:
            _items(side.draws("line items"), side, rows, deal, ids[deal.key])
    _leads(side.draws("leads object"), side, rows)
    _customers(side.draws("tickets"), side, rows)
    rows.store()


def finish(side: HubSpot) -> None:
    """Store what reps were to reach and have reached."""
    rows = Rows(side)
    _goals(side.draws("goals"), side, rows)
    rows.store()


def _users(rng: random.Random, side: HubSpot, rows: Rows) -> None:
    """Each rep with a time zone and hours; some start early, one is away for a fortnight."""
    at = side.business.now - 800 * DAY
    for number, rep in enumerate(STAFF):
        start = rng.choice((480, 510, 540, 540))
        hours = [_WEEKDAYS | {"startMinute": start, "endMinute": start + 480}]
        away = side.business.now - 2 * DAY if number % 9 == 4 else None
        rows.add(
            "users",
            {
                "hs_email": rep.email, "hs_given_name": rep.first, "hs_family_name": rep.last,
                "hs_job_title": "Sales Manager" if rep.is_manager else "Account Executive",
                "hs_internal_user_id": str(9_001 + number), "hs_standard_time_zone": rep.time_zone,
                "hubspot_owner_id": str(side.owners[rep.email]),
                "hs_working_hours": orjson.dumps(hours).decode(),
                "hs_out_of_office_hours": orjson.dumps(
                    [{"startTimestamp": away, "endTimestamp": away + 14 * DAY}]
                ).decode() if away else "",
                "hs_availability_status": "away" if away else "available", "hs_deactivated": "false",
            },
            at, at + rng.randrange(700) * DAY,
        )  # fmt: skip


def _goals(rng: random.Random, side: HubSpot, rows: Rows) -> None:
    """A revenue goal for each rep and quarter, with what the portal counts against it."""
    now = side.business.now
    for rep in REPS:
        size = {"enterprise": 240_000, "mid-market": 150_000}.get(rep.segment, 60_000)
        start = _quarter_start(now + 91 * DAY)
        for _ in range(8):
            start, end = _quarter_start(start - 40 * DAY), start
            target = round(size * rng.uniform(0.85, 1.2), -3)
            reached = side.tally.quotas.get((rep.email, _quarter(start)), 0)
            status = "in_progress" if end > now else "achieved" if reached >= target else "missed"
            rows.add(
                "goal_targets",
                {
                    "hs_goal_name": f"Revenue {_quarter(start)} {rep.first} {rep.last}",
                    "hs_target_amount": str(int(target)), "hs_kpi_value": str(reached),
                    "hs_start_datetime": iso(start), "hs_end_datetime": iso(end), "hs_status": status,
                    "hubspot_owner_id": str(side.owners[rep.email]),
                },
                start - 14 * DAY, min(end, now),
            )  # fmt: skip


def _quarter_start(at: int) -> int:
    moment = from_ms(at)
    first = moment.replace(
        month=(moment.month - 1) // 3 * 3 + 1, day=1, hour=0, minute=0, second=0, microsecond=0
    )
    return to_ms(first)


def _quarter(at: int) -> str:
    moment = from_ms(at) + timedelta(0)
    return f"{moment.year} Q{(moment.month + 2) // 3}"


def _products(side: HubSpot, rows: Rows) -> None:
    at = side.business.now - 790 * DAY
    side.products = [
        rows.add(
            "products",
            {
                "name": name, "hs_sku": sku, "price": f"{price}.00", "hs_cost_of_goods_sold": f"{cost}.00",
                "recurringbillingfrequency": billing, "hs_product_type": kind,
                "description": f"{name}, list price in USD",
            },
            at, at + n * 40 * DAY,
        )
        for n, (name, sku, price, cost, billing, kind) in enumerate(PRODUCTS)
    ]  # fmt: skip


def _items(rng: random.Random, side: HubSpot, rows: Rows, deal: Deal, deal_id: int) -> None:
    """What a deal is made of: its items cost what the deal does."""
    left = deal.last.amount
    chosen = sorted(rng.sample(range(len(PRODUCTS)), rng.choice((1, 2, 2, 3))))
    wanted = []
    for index in chosen:
        price = PRODUCTS[index][2]
        share = left if index == chosen[-1] else min(left, price * rng.randrange(1, 4))
        left -= share
        wanted.append((share * 100, price * 100))
    priced = lines.priced(side.amounts[deal.key] * 100, wanted)
    for index, (quantity, price) in zip(chosen, priced, strict=False):
        name, sku, _, _, billing, _ = PRODUCTS[index]
        record = rows.add(
            "line_items",
            {
                "name": name, "hs_sku": sku, "hs_product_id": str(side.products[index]),
                "quantity": str(quantity), "price": f"{price / 100:.2f}",
                "amount": f"{price * quantity / 100:.2f}", "discount": "",
                "hs_line_item_currency_code": deal.currency, "recurringbillingfrequency": billing,
            },
            deal.created, deal.last.at,
        )  # fmt: skip
        rows.link("line_items", record, "deals", deal_id)


def _leads(rng: random.Random, side: HubSpot, rows: Rows) -> None:
    """Leads as the object of that name: a rep's attempt at a qualified contact."""
    for person in side.business.people:
        at = person.stages.get("salesqualifiedlead") or person.stages.get("marketingqualifiedlead")
        if at is None or person.rep is None or person.key not in side.contacts or rng.random() < 0.35:
            continue
        age = side.business.now - at
        qualified = "opportunity" in person.stages or "customer" in person.stages
        stage = "qualified" if qualified else (
            rng.choice(("new", "attempting")) if age < 20 * DAY
            else rng.choice(("attempting", "connected", "unqualified", "unqualified"))
        )  # fmt: skip
        record = rows.add(
            "leads",
            {
                "hs_lead_name": f"{person.first} {person.last}", "hs_lead_type": "NEW_BUSINESS",
                "hs_lead_label": rng.choice(("HOT", "WARM", "WARM", "COLD")),
                "hs_pipeline": "lead-pipeline-id", "hs_pipeline_stage": f"{stage}-stage-id",
                "hs_lead_disqualification_reason": rng.choice(
                    ("NO_BUDGET", "NOT_A_FIT", "UNREACHABLE", "BAD_TIMING")
                ) if stage == "unqualified" else "",
                "hs_primary_contact_id": str(side.contacts[person.key]),
                "hs_contact_analytics_source": person.origin,
                "hubspot_owner_id": str(side.owners[person.rep.email]),
            },
            at + rng.randrange(5, 300) * 60_000, at + int(rng.expovariate(1 / 12) * DAY),
        )  # fmt: skip
        rows.link("leads", record, "contacts", side.contacts[person.key], primary=True)
        if person.company:
            rows.link("leads", record, "companies", side.companies.get(person.company.key))


def _customers(rng: random.Random, side: HubSpot, rows: Rows) -> None:
    """What customers have installed, and the tickets they open."""
    served: set[int] = set()
    for deal in side.business.deals:
        if deal.last.progress != 2 or deal.company.key not in side.companies:
            continue
        if deal.company.key not in served:
            served.add(deal.company.key)
            _installation(rng, side, rows, deal)
        for _ in range(rng.choice((0, 0, 1, 2))):
            _ticket(rng, side, rows, deal)


def _installation(rng: random.Random, side: HubSpot, rows: Rows, deal: Deal) -> None:
    at = deal.last.at + rng.randrange(3, 30) * DAY
    live = at < side.business.now
    modules = rng.sample(("reporting", "forecasting", "integrations", "sandbox"), rng.randrange(0, 4))
    record = rows.add(
        CUSTOM_OBJECT,
        {
            "installation_name": f"{deal.company.name} production", "serial_number": f"NW-{deal.key:06d}",
            "edition": rng.choice(("starter", "business", "enterprise")), "seats": str(rng.randrange(3, 400)),
            "monthly_fee": f"{rng.randrange(90, 4_000)}.{rng.randrange(100):02d}",
            "installed_on": day(at) if live else "", "is_live": "true" if live else "false",
            "modules": ";".join(modules), "hubspot_owner_id": str(side.owners[deal.last.rep.email]),
        },
        deal.last.at, at,
    )  # fmt: skip
    rows.link(CUSTOM_OBJECT, record, "companies", side.companies[deal.company.key])


def _ticket(rng: random.Random, side: HubSpot, rows: Rows, deal: Deal) -> None:
    if deal.last.at >= side.business.now - DAY:
        return
    at = working_time(rng, deal.last.at, side.business.now)
    subject, category = rng.choice(_SUBJECTS)
    replied = at + int(rng.expovariate(1 / 5) * HOUR)
    closed = replied + int(rng.expovariate(1 / 4) * DAY)
    done = closed < side.business.now and rng.random() < 0.93
    person = rng.choice(deal.contacts)
    record = rows.add(
        "tickets",
        {
            "subject": subject, "content": f"{subject}. Please help.", "hs_pipeline": "0",
            "hs_pipeline_stage": "4" if done else rng.choice(("1", "2", "3")),
            "hs_ticket_priority": rng.choice(("LOW", "MEDIUM", "MEDIUM", "HIGH")),
            "hs_ticket_category": category, "source_type": rng.choice(("EMAIL", "FORM", "CHAT", "PHONE")),
            "first_agent_reply_date": iso(replied) if replied < side.business.now else "",
            "closed_date": iso(closed) if done else "",
            "hubspot_owner_id": str(side.owners[deal.last.rep.email]),
        },
        at, closed if done else replied,
    )  # fmt: skip
    rows.link("tickets", record, "companies", side.companies[deal.company.key], primary=True)
    rows.link("tickets", record, "contacts", side.contacts.get(person.key))
