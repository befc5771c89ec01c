"""Deals as days pass: new ones, and those that are open move on, slip back, are won or lost.

A deal that both CRMs know is one deal: it takes the same way in both, now and then a day later in one. Who is
who stands in the answer key, which learns of what is new. When things happen is `tick`.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox import times
from sandbox.hubspot.catalog import DEAL_STAGES
from sandbox.tick_upkeep import API, Doors
from sandbox.worlds import answer_key

Deed = Callable[[random.Random], None]
_MOVES, _WON, _LOST, _LATE = 0.10, 0.22, 0.16, 0.1
"""Chance that an open deal moves on a day, how moves end, and how often one CRM hears of it later."""
_CONTACT, _COMPANY = 3, 5
"""Types of a deal's associations; the company is its first."""
_TERMINAL = {"closedwon": "won", "closedlost": "lost"}


class Key:
    """The answer key of a world; one of data files has none, and nothing is written down."""

    def __init__(self, home: Path) -> None:
        path = home / answer_key.FILE
        self.db = sqlite3.connect(path, timeout=30, isolation_level=None) if path.is_file() else None

    def others(self, table: str, vendor: str, record_id: str) -> list[tuple[str, str]]:
        """The other vendor's records of the same person, company or deal: objects and ids."""
        if self.db is None:
            return []
        number = table[:-1] if table != "companies" else "company"
        return self.db.execute(
            f"select object, record_id from {table} where vendor <> ? and {number} in "
            f"(select {number} from {table} where vendor = ? and record_id = ?) order by object, record_id",
            (vendor, vendor, record_id),
        ).fetchall()

    def pairs(self) -> list[tuple[str, str]]:
        """Deals that both CRMs have: HubSpot's id and Salesforce's."""
        if self.db is None:
            return []
        return self.db.execute(
            "select h.record_id, s.record_id from deals h join deals s using (deal) "
            "where h.vendor = 'hubspot' and s.vendor = 'salesforce'"
        ).fetchall()

    def add(self, table: str, records: list[tuple[str, str, str]]) -> None:
        """Somebody or something new, by all its records: vendor, object and id."""
        if self.db is None or not records:
            return
        number = "deal" if table == "deals" else "person"
        one = int(self.db.execute(f"select coalesce(max({number}), -1) + 1 from {table}").fetchone()[0])
        self.db.executemany(f"insert into {table} values (?, ?, ?, ?)", [(one, *each) for each in records])

    def close(self) -> None:
        if self.db is not None:
            self.db.close()


@dataclass
class Deals(Doors):
    """The deeds, each given the day's generator."""

    key: Key
    in_salesforce: dict[str, str] = field(default_factory=dict)
    """By HubSpot's id of a deal the opportunity that is the same."""

    def __post_init__(self) -> None:
        self.in_salesforce = dict(self.key.pairs())
        stages = self.org.rows(
            "select MasterLabel, IsClosed, IsWon from OpportunityStage order by SortOrder, MasterLabel"
        )
        self.stages = [name for name, closed, _ in stages if closed != "true"]
        self.ends = {
            "won" if won == "true" else "lost": name
            for name, closed, won in reversed(stages) if closed == "true"
        }  # fmt: skip

    def moves(self, rng: random.Random, pace: float) -> list[Deed]:
        """For each open deal, whether this is its day; a CRM that has not heard yet may hear now."""
        deals = dict(self.portal.rows(
            "select cast(id as text), json_extract(props, '$.dealstage') from deals "
            "where archived = 0 order by id"
        ))  # fmt: skip
        opportunities = dict(self.org.rows(
            "select Id, StageName from Opportunity where IsDeleted = 'false' order by Id"
        ))  # fmt: skip
        found: list[Deed] = []
        paired = set()
        for own, stage in deals.items():
            other = self.in_salesforce.get(own, "")
            if other not in opportunities:
                other = ""
            paired.add(other)
            told = (_TERMINAL.get(stage), self._end_of(opportunities.get(other)))
            ends = sorted(end for end in told if end)
            is_open = stage not in _TERMINAL, bool(other) and self._end_of(opportunities[other]) is None
            if ends and any(is_open) and other:
                if rng.random() < 0.5:
                    found.append(_followed(self, own, other, is_open, ends[-1]))
            elif any(is_open) and rng.random() < _MOVES * pace:
                found.append(_moved(self, own, stage, other, opportunities.get(other, "")))
        for other, name in opportunities.items():
            if other not in paired and self._end_of(name) is None and rng.random() < _MOVES * pace:
                found.append(_moved(self, "", "", other, name))
        return found

    def _end_of(self, name: str | None) -> str | None:
        return next((what for what, end in self.ends.items() if end == name), None)

    def move(self, rng: random.Random, own: str, stage: str, other: str, name: str) -> None:
        """One step of a deal, in all CRMs that have it; seldom one of them hears of it later."""
        order = [each for each, _, _ in DEAL_STAGES[:-2]]
        places = [each for each in (_place(order, stage), _place(self.stages, name)) if each is not None]
        what = _next(rng, places[0] if places else 0.5)
        late = rng.random() < _LATE and bool(own and other)
        is_first = rng.random() < 0.5
        if own and not (late and is_first):
            self._set_deal(rng, own, what, _step(order, stage, what))
        if other and not (late and not is_first):
            self._set_opportunity(other, what, _step(self.stages, name, what))

    def follow(self, rng: random.Random, own: str, other: str, is_open: tuple[bool, bool], end: str) -> None:
        """What one CRM knew to be over ends in the other."""
        if is_open[0]:
            self._set_deal(rng, own, end, "")
        if is_open[1]:
            self._set_opportunity(other, end, "")

    def _set_deal(self, rng: random.Random, own: str, what: str, stage: str) -> None:
        wish = {"dealstage": stage or f"closed{what}"}
        if what == "lost":
            wish["closed_lost_reason"] = rng.choice(("Price", "No decision", "Competitor"))
        if what in self.ends:
            wish["closedate"] = times.iso(self.at)
        elif not stage:
            return
        if self.sent(self.hubspot, "PATCH", f"/crm/v3/objects/deals/{own}", {"properties": wish}) is not None:
            self.done.add(f"deals {what} in HubSpot")

    def _set_opportunity(self, own: str, what: str, stage: str) -> None:
        wish = {"StageName": stage or self.ends.get(what, "")}
        if what in self.ends:
            wish["CloseDate"] = times.day(self.at)
        if not wish["StageName"]:
            return
        if self.sent(self.salesforce, "PATCH", f"{API}/sobjects/Opportunity/{own}", wish) is not None:
            self.done.add(f"opportunities {what} in Salesforce")

    def new(self, rng: random.Random) -> None:
        """A company that a rep talks to wants something: a deal in one CRM or in both."""
        person = self.some_contact(rng)
        company = person[1].get("associatedcompanyid") if person else None
        name = "select json_extract(props, '$.name') from companies where id = ? and archived = 0"
        row = self.portal.row(name,
                              (company,))  # fmt: skip
        if person is None or row is None or not company:
            return
        kind = rng.choice(("New Business", "Platform", "Expansion", "Pilot"))
        amount = max(500, int(rng.lognormvariate(10.1, 0.7)) // 10 * 10)
        wish = {
            "name": f"{row[0]} - {kind} {times.from_ms(self.at):%b %Y}"[:120], "amount": amount,
            "currency": rng.choice(("EUR", "EUR", "EUR", "USD", "USD", "GBP")),
            "close": self.at + rng.randrange(45, 120) * times.DAY,
        }  # fmt: skip
        where = rng.random()
        own = self._new_deal(person, company, wish) if where < 0.85 else ""
        other = self._new_opportunity(person[0], company, wish) if where < 0.7 or where >= 0.85 else ""
        if own and other:
            self.in_salesforce[own] = other
        named = (("hubspot", "deals", own), ("salesforce", "Opportunity", other))
        self.key.add("deals", [each for each in named if each[2]])

    def _new_deal(self, person: tuple[int, dict[str, str]], company: str, wish: dict[str, Any]) -> str:
        properties = {
            "dealname": wish["name"], "amount": str(wish["amount"]), "deal_currency_code": wish["currency"],
            "pipeline": "default", "dealstage": DEAL_STAGES[0][0], "closedate": times.iso(wish["close"]),
        }  # fmt: skip
        if person[1].get("hubspot_owner_id"):
            properties["hubspot_owner_id"] = person[1]["hubspot_owner_id"]
        ties = [
            {"to": {"id": str(to)},
             "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": kind}]}
            for to, kind in ((person[0], _CONTACT), (company, _COMPANY))
        ]  # fmt: skip
        body = {"properties": properties, "associations": ties}
        made = self.sent(self.hubspot, "POST", "/crm/v3/objects/deals", body)
        if made:
            self.done.add("new deals in HubSpot")
        return str(made["id"]) if made else ""

    def _new_opportunity(self, contact: int, company: str, wish: dict[str, Any]) -> str:
        account = next((own for _, own in self.key.others("companies", "hubspot", company)), None)
        if account is None or not self.stages:
            return ""
        body = {
            "Name": wish["name"], "AccountId": account, "Amount": wish["amount"],
            "CurrencyIsoCode": wish["currency"], "StageName": self.stages[0],
            "CloseDate": times.day(wish["close"]), "Type": "New Business",
        }  # fmt: skip
        made = self.sent(self.salesforce, "POST", f"{API}/sobjects/Opportunity", body)
        if not made:
            return ""
        self.done.add("new opportunities in Salesforce")
        buyer = self._buyer(contact, account)
        if buyer:
            role = {
                "OpportunityId": made["id"],
                "ContactId": buyer,
                "Role": "Decision Maker",
                "IsPrimary": True,
            }
            self.sent(self.salesforce, "POST", f"{API}/sobjects/OpportunityContactRole", role)
        return str(made["id"])

    def _buyer(self, contact: int, account: str) -> str:
        """The person as a contact of Salesforce; who was a lead there is converted now."""
        known = self.key.others("persons", "hubspot", str(contact))
        buyer = next((own for name, own in known if name == "Contact"), "")
        lead = next((own for name, own in known if name == "Lead"), "")
        is_lead = "select 1 from Lead where Id = ? and IsConverted = 'false' and IsDeleted = 'false'"
        if buyer or not self.org.value(is_lead, (lead,)):
            return buyer
        deed = {"do": "convert", "lead": lead, "account": account}
        if self.sent(self.salesforce, "POST", "/_sandbox/org", deed) is None:
            return ""
        self.done.add("leads converted in Salesforce")
        return str(self.org.value("select ConvertedContactId from Lead where Id = ?", (lead,)) or "")


def _moved(deals: Deals, own: str, stage: str, other: str, name: str) -> Deed:
    return lambda rng: deals.move(rng, own, stage, other, name)


def _followed(deals: Deals, own: str, other: str, is_open: tuple[bool, bool], end: str) -> Deed:
    return lambda rng: deals.follow(rng, own, other, is_open, end)


def _place(order: list[str], stage: str) -> float | None:
    """How far a stage is on the way; None for one that is not on it."""
    return (order.index(stage) + 1) / len(order) if stage in order else None


def _next(rng: random.Random, depth: float) -> str:
    """How a move ends; late stages win more, now and then one slips back."""
    draw = rng.random()
    if draw < _LOST:
        return "lost"
    if draw < _LOST + _WON * depth * 1.6:
        return "won"
    return "moved back" if rng.random() < 0.06 else "moved"


def _step(order: list[str], stage: str, what: str) -> str:
    """The stage a deal comes to; nothing where it stays, or its way is over."""
    if what not in ("moved", "moved back") or stage not in order:
        return ""
    at = order.index(stage) + (1 if what == "moved" else -1)
    return order[at] if 0 <= at < len(order) else ""
