"""The business lives on: new leads, replies, answers to campaigns, deals that move, are won or lost, edits.

It goes through the vendors' own doors (as `business`, whom no limit holds), so histories, webhooks and change
events come of it as they would. What happens on a day depends on the world's seed and the day alone:
two copies
of a world that live the same days are the same.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import httpx
import orjson

from sandbox import times
from sandbox.hubspot.catalog import DEAL_STAGES
from sandbox.server import READY
from sandbox.store import Store
from sandbox.tick_upkeep import Done, Upkeep
from sandbox.vendor import ACTOR_HEADER, AT_HEADER, BUSINESS
from sandbox.worlds import names
from sandbox.worlds.draw import ascii_of, rng_for

API = "/services/data/v67.0"
_MAIL_OF_CONTACT = 198
_WEEKEND, _QUIET = 0.15, (1, 1, 1.2, 1.1, 1.1, 1, 0.7, 0.6, 1.2, 1.3, 1.2, 0.6)
_LEADS, _REPLIES, _EDITS, _ANSWERS = 0.004, 0.006, 0.004, 0.005
"""New leads, replies, edits and answers to campaigns a day, for each person there is."""
_MERGES, _DELETIONS, _INSTALLATIONS = 0.0008, 0.0012, 0.0015
"""Records merged or deleted by hand, and installations made or changed, likewise."""
_MOVES, _WON, _LOST = 0.10, 0.22, 0.16
"""Chance that an open deal moves on a day, and how moves end."""


class TickError(Exception):
    """Days that cannot pass; one sentence for people."""


def ready_of(home: Path) -> dict[str, Any]:
    """The line of the sandbox that serves this home. Raises TickError."""
    try:
        found: dict[str, Any] = orjson.loads((home / READY).read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        raise TickError(f"No sandbox serves {home}; start it first (crm sandbox).") from None
    return found


def live(home: Path, days: int) -> Done:
    """Let `days` days pass in the world that `home` serves. Raises TickError."""
    ready, world = ready_of(home), orjson.loads((home / "world.json").read_bytes())
    headers = {ACTOR_HEADER: BUSINESS, "User-Agent": "the business"}
    portal = Store(home / "hubspot.sqlite", read_only=True)
    org = Store(home / "salesforce.sqlite", read_only=True)
    try:
        with (
            httpx.Client(base_url=ready["hubspot"]["url"], headers=headers, timeout=120) as hubspot,
            httpx.Client(base_url=ready["salesforce"]["url"], headers=headers, timeout=120) as salesforce,
        ):
            business = _Business(
                hubspot, salesforce, portal, org, int(world["identity"].get("seed", 7)),
                times.parse(world["now"]),
            )  # fmt: skip
            for _ in range(days):
                business.day()
            return business.done
    except httpx.TransportError as problem:
        raise TickError(f"The sandbox of {home} does not answer ({problem}).") from None
    finally:
        portal.close()
        org.close()


class _Business:
    """One world, day by day."""

    def __init__(
        self,
        hubspot: httpx.Client,
        salesforce: httpx.Client,
        portal: Store,
        org: Store,
        seed: int,
        began: int,
    ) -> None:
        self.hubspot, self.salesforce, self.portal, self.org = hubspot, salesforce, portal, org
        self.seed, self.began = seed, began
        self.done, self.at = Done(), began
        self.people = int(portal.value("select count(*) from contacts where archived = 0"))

    def day(self) -> None:
        """The next day: what happens is drawn first, then done in the order of its hour."""
        # The clock has gone on by itself since: whole days since the world began make two copies alike.
        told = int(self._sent(self.hubspot, "GET", "/_sandbox/clock")["ms"])
        now = told - (told - self.began) % times.DAY
        date = times.day(now)
        rng = rng_for(self.seed, f"the day {date}")
        moment = times.from_ms(now)
        pace = _QUIET[moment.month - 1] * (_WEEKEND if moment.weekday() >= 5 else 1.0)
        upkeep = Upkeep(self.hubspot, self.salesforce, self.portal, self.org, self.done)
        deeds = [
            *self._repeated(rng, _LEADS * pace, self._new_lead),
            *self._repeated(rng, _REPLIES * pace, self._reply),
            *self._repeated(rng, _EDITS * pace, self._edit),
            *self._repeated(rng, _ANSWERS * pace, self._answer),
            *self._moves(rng, pace),
            *self._repeated(rng, _MERGES * pace, upkeep.merge),
            *self._repeated(rng, _DELETIONS * pace, upkeep.delete),
            *self._repeated(rng, _INSTALLATIONS * pace, upkeep.install),
        ]
        drawn = sorted((rng.randrange(times.HOUR, times.DAY), n) for n in range(len(deeds)))
        for offset, number in drawn:
            self.at = now + offset
            for client in (self.hubspot, self.salesforce):
                client.headers[AT_HEADER] = str(self.at)
            deeds[number](rng)
        self._set_clock(now + times.DAY)
        self.done.now = now + times.DAY

    def _repeated(self, rng: random.Random, rate: float, deed: Any) -> list[Any]:
        """A deed as often as the day has it: about `rate` for each person."""
        mean = rate * self.people
        return [deed] * max(0, round(rng.gauss(mean, mean**0.5))) if mean else []

    def _set_clock(self, ms: int) -> None:
        self._sent(self.hubspot, "POST", "/_sandbox/clock", {"now": times.iso(ms)})

    def _sent(self, client: httpx.Client, method: str, path: str, body: Any = None) -> Any:
        answer = client.request(method, path, json=body)
        return answer.json() if answer.content and answer.status_code < 400 else {}

    def _new_lead(self, rng: random.Random) -> None:
        """Somebody new: in HubSpot by a form, in Salesforce by a rep, or in both, spelled alike."""
        first, last = rng.choice(names.FIRST), rng.choice(names.LAST)
        company = f"{rng.choice(names.COMPANY_FIRST)} {rng.choice(names.COMPANY_SECOND)}"
        host = ascii_of(company).lower().replace(" ", "").replace("&", "")
        email = f"{ascii_of(first)}.{ascii_of(last)}{rng.randrange(10_000)}@{host}.example".lower()
        title, where = rng.choice(list(names.TITLES)), rng.random()
        if where < 0.8:
            props = {"email": email, "firstname": first, "lastname": last, "company": company,
                     "jobtitle": title, "lifecyclestage": "lead"}  # fmt: skip
            if self._sent(self.hubspot, "POST", "/crm/v3/objects/contacts", {"properties": props}):
                self.done.add("new contacts in HubSpot")
        if where > 0.5:
            lead = {"FirstName": first, "LastName": last, "Company": company, "Email": email, "Title": title,
                    "LeadSource": rng.choice(sorted(set(names.LEAD_SOURCES.values())))}  # fmt: skip
            if self._sent(self.salesforce, "POST", f"{API}/sobjects/Lead", lead):
                self.done.add("new leads in Salesforce")

    def _some_contact(self, rng: random.Random) -> tuple[int, dict[str, str]] | None:
        low, high = self.portal.row("select min(id), max(id) from contacts where archived = 0") or (
            None,
            None,
        )
        if low is None:
            return None
        row = self.portal.row(
            "select id, props from contacts where archived = 0 and id >= ? order by id limit 1",
            (rng.randint(low, high),),
        )
        return None if row is None else (row[0], orjson.loads(row[1]))

    def _some(self, rng: random.Random, sql: str) -> str | None:
        """One of the ids a query gives, ordered."""
        ids = [row[0] for row in self.org.rows(sql)]
        return str(rng.choice(ids)) if ids else None

    def _reply(self, rng: random.Random) -> None:
        """A contact answers a mail."""
        found = self._some_contact(rng)
        if found is None:
            return
        contact = found[0]
        stamp = times.iso(self.at)
        mail = {
            "properties": {
                "hs_timestamp": stamp, "hs_email_direction": "INCOMING_EMAIL", "hs_email_status": "SENT",
                "hs_email_subject": f"Re: {rng.choice(names.TOPICS)}",
                "hs_email_text": rng.choice(("Let us talk next week.", "Please take me off.",
                "Who else uses it?")),
            },
            "associations": [{"to": {"id": str(contact)}, "types": [{
                "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": _MAIL_OF_CONTACT}]}],
        }  # fmt: skip
        if self._sent(self.hubspot, "POST", "/crm/v3/objects/emails", mail):
            self.done.add("replies")

    def _edit(self, rng: random.Random) -> None:
        """Somebody mends a record by hand, in one CRM or the other."""
        phone, title = f"+1 555 {rng.randrange(10_000):04d}", rng.choice(list(names.TITLES))
        if rng.random() < 0.5:
            found = self._some_contact(rng)
            wish = {"properties": {"phone": phone} if rng.random() < 0.5 else {"jobtitle": title}}
            if found and self._sent(self.hubspot, "PATCH", f"/crm/v3/objects/contacts/{found[0]}", wish):
                self.done.add("edits in HubSpot")
            return
        kind = rng.choice(("Lead", "Contact"))
        live = " and IsConverted = 'false'" if kind == "Lead" else ""
        own = self._some(rng, f"select Id from {kind} where IsDeleted = 'false'{live} order by Id")
        if own is not None:
            body = {"Phone": phone} if rng.random() < 0.5 else {"Title": title}
            if self.salesforce.patch(f"{API}/sobjects/{kind}/{own}", json=body).status_code < 300:
                self.done.add("edits in Salesforce")

    def _answer(self, rng: random.Random) -> None:
        """A person answers one of the latest campaigns."""
        campaign = self._some(
            rng, "select Id from Campaign where IsDeleted = 'false' order by StartDate desc, Id limit 5"
        )
        lead = self._some(
            rng, "select Id from Lead where IsDeleted = 'false' and IsConverted = 'false' order by Id"
        )
        if campaign and lead:
            body = {
                "CampaignId": campaign,
                "LeadId": lead,
                "Status": rng.choice(("Responded", "Sent", "Attended")),
            }
            if self._sent(self.salesforce, "POST", f"{API}/sobjects/CampaignMember", body):
                self.done.add("campaign members")

    def _moves(self, rng: random.Random, pace: float) -> list[Any]:
        """For each open deal of either CRM, whether this is its day."""
        open_deals = self.portal.rows(
            "select id, json_extract(props, '$.dealstage') from deals where archived = 0 "
            "and coalesce(json_extract(props, '$.hs_is_closed'), 'false') <> 'true' order by id"
        )
        opportunities = self.org.rows(
            "select Id, StageName from Opportunity where IsDeleted = 'false' and IsClosed = 'false' "
            "order by Id"
        )
        chance = _MOVES * pace
        found: list[Any] = []
        for own, stage in open_deals:
            if rng.random() < chance:
                found.append(lambda r, own=own, stage=stage: self._move_deal(r, own, stage))
        for own, stage in opportunities:
            if rng.random() < chance:
                found.append(lambda r, own=own, stage=stage: self._move_opportunity(r, own, stage))
        return found

    def _move_deal(self, rng: random.Random, own: int, stage: str) -> None:
        order = [name for name, _, _ in DEAL_STAGES[:-2]]
        place = order.index(stage) if stage in order else None
        props, what = self._next(rng, order, place, "closedwon", "closedlost")
        if props is None:
            return
        wish: dict[str, str] = {"dealstage": props}
        if what == "lost":
            wish["closed_lost_reason"] = rng.choice(("Price", "No decision", "Competitor"))
        if what != "moved":
            wish["closedate"] = times.iso(self.at)
        if self._sent(self.hubspot, "PATCH", f"/crm/v3/objects/deals/{own}", {"properties": wish}):
            self.done.add(f"deals {what} in HubSpot")

    def _move_opportunity(self, rng: random.Random, own: str, stage: str) -> None:
        stages = self.org.rows(
            "select MasterLabel, IsClosed, IsWon from OpportunityStage order by SortOrder, MasterLabel"
        )
        order = [name for name, closed, _ in stages if closed != "true"]
        won = next((name for name, closed, win in stages if closed == "true" and win == "true"), None)
        lost = next((name for name, closed, win in stages if closed == "true" and win != "true"), None)
        place = order.index(stage) if stage in order else None
        if not won or not lost:
            return
        following, what = self._next(rng, order, place, won, lost)
        if following is None:
            return
        wish = {"StageName": following}
        if what != "moved":
            wish["CloseDate"] = times.iso(self.at)[:10]
        if self.salesforce.patch(f"{API}/sobjects/Opportunity/{own}", json=wish).status_code < 300:
            self.done.add(f"opportunities {what} in Salesforce")

    def _next(
        self, rng: random.Random, order: list[str], place: int | None, won: str, lost: str
    ) -> tuple[str | None, str]:
        """Where a deal goes: on, sometimes back, in the end won or lost; late stages win more."""
        draw = rng.random()
        depth = 0.5 if place is None else (place + 1) / len(order)
        if draw < _LOST:
            return lost, "lost"
        if draw < _LOST + _WON * depth * 1.6:
            return won, "won"
        if place is None or place + 1 >= len(order):
            return None, ""
        back = rng.random() < 0.06 and place > 0
        return order[place - 1 if back else place + 1], "moved"
