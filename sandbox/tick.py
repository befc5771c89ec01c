"""The business lives on: new leads, replies, answers to campaigns, deals that move, are won or lost, edits.

It goes through the vendors' own doors (as `business`, whom no limit holds), so histories, webhooks and change
events come of it as they would. What happens on a day depends on the world's seed and the day alone: two
copies of a world that live the same days are the same, save what the clock had gone past by itself (the first
hour of a day is empty, so that an hour of work between two ticks changes nothing).
"""

from __future__ import annotations

import fcntl
import random
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson

from sandbox import times
from sandbox.clock import Clock
from sandbox.server import READY
from sandbox.store import Store
from sandbox.tick_deals import Deals, Key
from sandbox.tick_upkeep import API, Done, Upkeep
from sandbox.vendor import ACTOR_HEADER, AT_HEADER, BUSINESS
from sandbox.worlds import names
from sandbox.worlds.draw import ascii_of, rng_for

_MAIL_OF_CONTACT = 198
_WEEKEND, _QUIET = 0.15, (1, 1, 1.2, 1.1, 1.1, 1, 0.7, 0.6, 1.2, 1.3, 1.2, 0.6)
_LEADS, _REPLIES, _EDITS, _ANSWERS = 0.004, 0.006, 0.004, 0.005
"""New leads, replies, edits and answers to campaigns a day, for each person there is."""
_MERGES, _DELETIONS, _INSTALLATIONS = 0.0008, 0.0012, 0.0015
"""Records merged or deleted by hand, and installations made or changed, likewise."""
_DEALS = 0.0014
"""New deals, likewise."""


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
            _alone(home),
            closing(Key(home)) as key,
            closing(Clock(home / "clock")) as clock,
            httpx.Client(base_url=ready["hubspot"]["url"], headers=headers, timeout=120) as hubspot,
            httpx.Client(base_url=ready["salesforce"]["url"], headers=headers, timeout=120) as salesforce,
        ):
            business = _Business(
                hubspot, salesforce, portal, org, key, clock, int(world["identity"].get("seed", 7)),
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


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Days pass one after the other. Raises TickError while others do; a killed process lets go."""
    with (home / "world.json").open("rb") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise TickError("Days are passing already; wait until they have.") from None
        yield


class _Business:
    """One world, day by day."""

    def __init__(
        self,
        hubspot: httpx.Client,
        salesforce: httpx.Client,
        portal: Store,
        org: Store,
        key: Key,
        clock: Clock,
        seed: int,
        began: int,
    ) -> None:
        self.hubspot, self.salesforce, self.portal, self.org = hubspot, salesforce, portal, org
        self.key, self.clock, self.seed, self.began = key, clock, seed, began
        self.done, self.at, self.people = Done(), began, 0
        self.upkeep = Upkeep(hubspot, salesforce, portal, org, self.done)
        self.deals = Deals(hubspot, salesforce, portal, org, self.done, key)

    def day(self) -> None:
        """The next day: what happens is drawn first, then done in the order of its hour.

        The clock goes along, so a tick that is cut short leaves a moment that has been lived to, and nothing
        beyond it; the next one lives the rest of that day.
        """
        # The clock has gone on by itself since: whole days since the world began make two copies alike.
        told = self.clock.now()
        now = told - (told - self.began) % times.DAY
        self.people = int(self.portal.value("select count(*) from contacts where archived = 0"))
        date = times.day(now)
        rng = rng_for(self.seed, f"the day {date}")
        moment = times.from_ms(now)
        pace = _QUIET[moment.month - 1] * (_WEEKEND if moment.weekday() >= 5 else 1.0)
        upkeep = self.upkeep
        deeds = [
            *self._repeated(rng, _LEADS * pace, self._new_lead),
            *self._repeated(rng, _REPLIES * pace, self._reply),
            *self._repeated(rng, _EDITS * pace, self._edit),
            *self._repeated(rng, _ANSWERS * pace, self._answer),
            *self._repeated(rng, _DEALS * pace, self.deals.new),
            *self.deals.moves(rng, pace),
            *self._repeated(rng, _MERGES * pace, upkeep.merge),
            *self._repeated(rng, _DELETIONS * pace, upkeep.delete),
            *self._repeated(rng, _INSTALLATIONS * pace, upkeep.install),
        ]
        drawn = sorted((rng.randrange(times.HOUR, times.DAY), n) for n in range(len(deeds)))
        for offset, number in drawn:
            self.at = now + offset
            if self.at <= told:  # nobody reads again what is over
                continue
            self.clock.set(self.at)
            for client in (self.hubspot, self.salesforce):
                client.headers[AT_HEADER] = str(self.at)
            deeds[number](rng)
        self.clock.set(now + times.DAY)
        self.done.now = now + times.DAY

    def _repeated(self, rng: random.Random, rate: float, deed: Any) -> list[Any]:
        """A deed as often as the day has it: about `rate` for each person."""
        mean = rate * self.people
        return [deed] * max(0, round(rng.gauss(mean, mean**0.5))) if mean else []

    def _new_lead(self, rng: random.Random) -> None:
        """Somebody new: in HubSpot by a form, in Salesforce by a rep, or in both, spelled alike."""
        first, last = rng.choice(names.FIRST), rng.choice(names.LAST)
        company = f"{rng.choice(names.COMPANY_FIRST)} {rng.choice(names.COMPANY_SECOND)}"
        host = ascii_of(company).lower().replace(" ", "").replace("&", "")
        email = f"{ascii_of(first)}.{ascii_of(last)}{rng.randrange(10_000)}@{host}.example".lower()
        title, where = rng.choice(list(names.TITLES)), rng.random()
        known = []
        if where < 0.8:
            props = {"email": email, "firstname": first, "lastname": last, "company": company,
                     "jobtitle": title, "lifecyclestage": "lead"}  # fmt: skip
            made = self.deals.sent(self.hubspot, "POST", "/crm/v3/objects/contacts", {"properties": props})
            if made:
                self.done.add("new contacts in HubSpot")
                known.append(("hubspot", "contacts", str(made["id"])))
        if where > 0.5:
            lead = {"FirstName": first, "LastName": last, "Company": company, "Email": email, "Title": title,
                    "LeadSource": rng.choice(sorted(set(names.LEAD_SOURCES.values())))}  # fmt: skip
            made = self.deals.sent(self.salesforce, "POST", f"{API}/sobjects/Lead", lead)
            if made:
                self.done.add("new leads in Salesforce")
                known.append(("salesforce", "Lead", str(made["id"])))
        self.key.add("persons", known)

    def _some(self, rng: random.Random, sql: str) -> str | None:
        """One of the ids a query gives, ordered."""
        ids = [row[0] for row in self.org.rows(sql)]
        return str(rng.choice(ids)) if ids else None

    def _reply(self, rng: random.Random) -> None:
        """A contact answers a mail."""
        found = self.deals.some_contact(rng)
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
        if self.deals.sent(self.hubspot, "POST", "/crm/v3/objects/emails", mail):
            self.done.add("replies")

    def _edit(self, rng: random.Random) -> None:
        """Somebody mends a record by hand, in one CRM or the other."""
        phone, title = f"+1 555 {rng.randrange(10_000):04d}", rng.choice(list(names.TITLES))
        if rng.random() < 0.5:
            found = self.deals.some_contact(rng)
            wish = {"properties": {"phone": phone} if rng.random() < 0.5 else {"jobtitle": title}}
            if found and self.deals.sent(self.hubspot, "PATCH", f"/crm/v3/objects/contacts/{found[0]}", wish):
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
            if self.deals.sent(self.salesforce, "POST", f"{API}/sobjects/CampaignMember", body):
                self.done.add("campaign members")
                return
            own = self.org.value(
                "select Id from CampaignMember where LeadId = ? and CampaignId = ? and IsDeleted = 'false'",
                (lead, campaign),
            )
            wish = {"Status": body["Status"]}
            place = f"{API}/sobjects/CampaignMember/{own}"
            if own and self.deals.sent(self.salesforce, "PATCH", place, wish) is not None:
                self.done.add("answers of campaign members")
