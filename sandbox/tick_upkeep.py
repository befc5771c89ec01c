"""What people of the business do to keep their CRMs in order as days pass: merge, delete, note installations.

Doubles are found as people find them, by name. Belongs here: deeds of one moment; when they happen is `tick`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson

from sandbox.hubspot.further_objects import CUSTOM_OBJECT
from sandbox.store import Store
from sandbox.vendor import AT_HEADER

API = "/services/data/v67.0"
_DOUBLES = """
select min(id), max(id) from contacts where archived = 0
and coalesce(json_extract(props, '$.lastname'), '') <> ''
group by lower(json_extract(props, '$.firstname')), lower(json_extract(props, '$.lastname')),
    json_extract(props, '$.associatedcompanyid')
having count(*) > 1 order by 1 limit 50
"""
_DOUBLE_LEADS = """
select min(Id), max(Id) from Lead where IsDeleted = 'false' and IsConverted = 'false' and LastName <> ''
group by lower(FirstName), lower(LastName), Company having count(*) > 1 order by 1 limit 50
"""


@dataclass
class Done:
    """What happened, counted."""

    now: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1


@dataclass
class Doors:
    """The ways into both CRMs, and what stands in them."""

    hubspot: httpx.Client
    salesforce: httpx.Client
    portal: Store
    org: Store
    done: Done

    @property
    def at(self) -> int:
        """The moment of the deed at hand, as both CRMs are told it."""
        return int(self.hubspot.headers[AT_HEADER])

    def sent(self, client: httpx.Client, method: str, path: str, body: Any = None) -> Any:
        """What a CRM answers; None when it refuses."""
        answer = client.request(method, path, json=body)
        if answer.status_code >= 400:
            return None
        return answer.json() if answer.content else {}

    def some_contact(self, rng: random.Random) -> tuple[int, dict[str, str]] | None:
        """One of HubSpot's contacts with what it holds."""
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


class Upkeep(Doors):
    """The deeds, each given the day's generator."""

    def merge(self, rng: random.Random) -> None:
        """Two records of the same name become one; without doubles nobody merges."""
        if rng.random() < 0.5:
            pairs = self.portal.rows(_DOUBLES)
            if pairs:
                keep, drop = rng.choice(pairs)
                wish = {"primaryObjectId": str(keep), "objectIdToMerge": str(drop)}
                if self.hubspot.post("/crm/v3/objects/contacts/merge", json=wish).status_code < 300:
                    self.done.add("contacts merged in HubSpot")
            return
        pairs = self.org.rows(_DOUBLE_LEADS)
        if pairs:
            keep, drop = rng.choice(pairs)
            deed = {"do": "merge", "object": "Lead", "master": keep, "losers": [drop]}
            if self.salesforce.post("/_sandbox/org", json=deed).status_code < 300:
                self.done.add("leads merged in Salesforce")

    def delete(self, rng: random.Random) -> None:
        """A record that somebody thinks is of no use: one that nobody touched for long."""
        if rng.random() < 0.5:
            own = self._one(self.portal, rng, """
                select id from contacts where archived = 0
                and coalesce(json_extract(props, '$.lifecyclestage'), '') in ('subscriber', 'lead')
                order by modified, id limit 200""")  # fmt: skip
            if own is not None and self.hubspot.delete(f"/crm/v3/objects/contacts/{own}").status_code < 300:
                self.done.add("contacts deleted in HubSpot")
            return
        own = self._one(self.org, rng, """
            select Id from Lead where IsDeleted = 'false' and IsConverted = 'false'
            order by SystemModstamp, Id limit 200""")  # fmt: skip
        if own is not None and self.salesforce.delete(f"{API}/sobjects/Lead/{own}").status_code < 300:
            self.done.add("leads deleted in Salesforce")

    def install(self, rng: random.Random) -> None:
        """A customer gets more seats, or a new installation is noted: records of the custom object."""
        row = self.portal.row(
            f'select id, props from "{CUSTOM_OBJECT}" where archived = 0 order by id limit 1 offset ?',
            (rng.randrange(max(1, self._count())),),
        ) if self._count() else None  # fmt: skip
        if row is None:
            return
        props: dict[str, Any] = orjson.loads(row[1])
        area = f"/crm/v3/objects/{CUSTOM_OBJECT}"
        if rng.random() < 0.6:
            seats = {"seats": str(int(props.get("seats") or 1) + rng.randrange(1, 40))}
            if self.hubspot.patch(f"{area}/{row[0]}", json={"properties": seats}).status_code < 300:
                self.done.add("installations changed")
            return
        made = {
            "installation_name": f"{props.get('installation_name', 'New')} {rng.randrange(2, 9)}",
            "serial_number": f"NW-T{rng.randrange(10**8):08d}", "edition": props.get("edition", "starter"),
            "seats": str(rng.randrange(3, 90)),
        }  # fmt: skip
        if self.hubspot.post(area, json={"properties": made}).status_code < 300:
            self.done.add("installations made")

    def _count(self) -> int:
        known = self.portal.value("select 1 from sqlite_master where name = ?", (CUSTOM_OBJECT,))
        return (
            int(self.portal.value(f'select count(*) from "{CUSTOM_OBJECT}" where archived = 0'))
            if known
            else 0
        )

    def _one(self, store: Store, rng: random.Random, sql: str) -> Any:
        found = store.rows(sql)
        return rng.choice(found)[0] if found else None
