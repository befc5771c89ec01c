"""A world sized by rows and columns, for measuring: contacts in HubSpot, contacts in Salesforce.

`bulk:100000x25` has 100,000 contacts in HubSpot with 25 properties each; `bulk:100000x25+1000000` a million
in Salesforce too; `@1000000` at the end means as many tracking events in Marketing Cloud. Rows are written by
SQL. Belongs here: what such rows look like. None of the properties is one whose history people keep, or that
hangs on another object.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import orjson

from sandbox import times
from sandbox.hubspot import catalog
from sandbox.hubspot.portal import NO_OTHERS
from sandbox.salesforce import ids, schema
from sandbox.store import Store
from sandbox.worlds import portal, salesforce_org
from sandbox.worlds.draw import rng_for
from sandbox.worlds.progress import Progress

NOW = times.parse("2026-06-30T12:00:00Z")
SPAN = 900 * times.DAY
"""Rows were made evenly over this long, and last changed a day later."""
_NAME = re.compile(r"bulk:(\d{1,8})x(\d{1,3})(?:\+(\d{1,8}))?(?:@(\d{1,8}))?")
FIRST_ID = 100_001
_POOL = 4_096
"""How many different fillings of the further properties there are."""
_FILLED = 0.6
_STANDARD = (
    "hs_object_id", "createdate", "lastmodifieddate", "email", "firstname", "lastname", "phone", "company",
    "jobtitle", "city", "state", "country", "hs_analytics_source", "hs_analytics_source_data_1",
    "hs_analytics_source_data_2", "hs_analytics_first_timestamp", "hs_latest_source",
    "hs_latest_source_data_1", "hs_latest_source_timestamp", "num_conversion_events",
    "first_conversion_date", "first_conversion_event_name", "hubspotscore", "hs_email_optout", "website",
)  # fmt: skip
FEWEST, MOST = len(_STANDARD), 900
_KINDS = (("string", "text"), ("number", "number"), ("datetime", "date"), ("bool", "booleancheckbox"))
_WORDS = (
    "north",
    "harbour",
    "granite",
    "willow",
    "lantern",
    "meadow",
    "copper",
    "signal",
    "orchard",
    "delta",
)


@dataclass(frozen=True)
class Size:
    """Contacts in HubSpot with so many properties, contacts in Salesforce, events in Marketing Cloud."""

    rows: int
    columns: int
    salesforce: int
    events: int = 0


def size_of(name: str) -> Size | None:
    """What `bulk:...` asks for; None for the name of another world. Raises ValueError for what cannot be."""
    if not name.startswith("bulk:"):
        return None
    match = _NAME.fullmatch(name)
    if match is None or not FEWEST <= int(match[2]) <= MOST:
        raise ValueError(
            f"{name} is no size: write bulk:ROWSxCOLUMNS, bulk:ROWSxCOLUMNS+ROWS or either with @EVENTS, "
            f"with {FEWEST} to {MOST} columns."
        )
    return Size(int(match[1]), int(match[2]), int(match[3] or 0), int(match[4] or 0))


def create(home: Path, hubspot: Store, salesforce: Store, size: Size, seed: int, progress: Progress) -> None:
    """Fill both stores."""
    progress(f"writing {size.rows} contacts of {size.columns} properties, {size.salesforce} in Salesforce")
    founded = NOW - SPAN - 2 * times.DAY
    portal.prepare(hubspot, seed, founded)
    _define(hubspot, size.columns)
    _contacts(hubspot, size, seed)
    loader = salesforce_org.prepare(
        salesforce, home, seed=seed, at=founded, name="Northwind", currency="USD",
        objects=schema.standard_objects(),
    )  # fmt: skip
    _salesforce_contacts(salesforce, size.salesforce, list(loader.objects["Contact"].fields))


def salesforce_id(number: int) -> str:
    """The id of the contact with this number, counted from 0."""
    return ids.make("003", number + 1)


def property_names(columns: int) -> list[str]:
    """The properties of a contact."""
    return [*_STANDARD, *(f"further_{n:03d}" for n in range(1, columns - FEWEST + 1))]


def _define(store: Store, columns: int) -> None:
    """Contacts have these properties and no others."""
    store.set_meta(NO_OTHERS, "contacts")
    names = property_names(columns)
    marks = ", ".join("?" * FEWEST)
    store.db.execute(
        f"delete from properties where object = 'contacts' and name not in ({marks})", names[:FEWEST]
    )
    for number, name in enumerate(names[FEWEST:]):
        kind, field_type = _KINDS[number % len(_KINDS)]
        definition = catalog.definition(
            name, kind, field_type, "contactinformation", defined_by_hubspot=False
        )
        store.db.execute("insert into properties values ('contacts', ?, ?)", (name, orjson.dumps(definition)))


def _contacts(store: Store, size: Size, seed: int) -> None:
    """One statement: what tells a person from another by arithmetic, the rest from a pool of fillings."""
    db = store.db
    db.execute("create temp table fillings (place integer primary key, text text not null)")
    db.executemany("insert into fillings values (?, ?)", enumerate(_fillings(size.columns, seed)))
    created = f"({NOW - SPAN - 2 * times.DAY} + (n * {SPAN // max(1, size.rows) // 1000}) * 1000)"
    modified = f"(created + {times.DAY})"
    db.execute(
        f"""
        with recursive numbers (n) as (select 0 where {size.rows} > 0
            union all select n + 1 from numbers where n + 1 < {size.rows}),
        dated as (select n, n + {FIRST_ID} as id, {created} as created from numbers),
        told as (select *, {modified} as modified, {_iso("created")} as made, {_iso(modified)} as moved
            from dated)
        insert into contacts (id, created, modified, archived, archived_at, props)
        select id, created, modified, 0, null, cast('{{"hs_object_id":"' || id || '","createdate":"' || made
            || '","lastmodifieddate":"' || moved || '","email":"person' || id || '@company' || (n % 30000)
            || '.example","firstname":"First' || (n * 7919 % 5000) || '","lastname":"Last'
            || (n * 104729 % 50000) || '","phone":"+1 555 ' || printf('%07d', n * 31 % 10000000)
            || '","company":"Company ' || (n % 30000) || '","website":"https://company' || (n % 30000)
            || '.example","hs_analytics_first_timestamp":"' || made || '","hs_latest_source_timestamp":"'
            || moved || '",' || text || '}}' as blob)
        from told join fillings on place = told.n * 2654435761 % {_POOL}
        """
    )
    db.execute(
        """insert into addresses select 'person' || id || '@company' || ((id - ?) % 30000) || '.example', id
        from contacts order by 1""",
        (FIRST_ID,),
    )
    db.execute("drop table fillings")


def _iso(column: str) -> str:
    return f"strftime('%Y-%m-%dT%H:%M:%S.000Z', {column} / 1000, 'unixepoch')"


def _fillings(columns: int, seed: int) -> list[str]:
    """The inside of a JSON object, for the properties that many people share or lack."""
    rng = rng_for(seed, "bulk")
    further = [(name, _KINDS[i % 4][0]) for i, name in enumerate(property_names(columns)[FEWEST:])]
    found = []
    for _ in range(_POOL):
        pick = rng.choice
        props = {
            "jobtitle": f"{pick(_WORDS)} manager", "city": pick(_WORDS), "state": pick(_WORDS),
            "country": pick(("US", "DE", "GB", "FR")), "hs_analytics_source": pick(catalog.SOURCES),
            "hs_analytics_source_data_1": pick(_WORDS), "hs_analytics_source_data_2": pick(_WORDS),
            "hs_latest_source": pick(catalog.SOURCES), "hs_latest_source_data_1": pick(_WORDS),
            "num_conversion_events": str(rng.randrange(9)), "hubspotscore": str(rng.randrange(100)),
            "first_conversion_date": times.iso(NOW - rng.randrange(900) * times.DAY),
            "first_conversion_event_name": f"{pick(_WORDS)} form", "hs_email_optout": pick(("true", "false")),
        }  # fmt: skip
        props |= {name: _value(rng.random(), kind) for name, kind in further if rng.random() < _FILLED}
        found.append(orjson.dumps(props)[1:-1].decode())
    return found


def _value(share: float, kind: str) -> str:
    number = int(share * 1_000_000)
    if kind == "number":
        return f"{number / 100:.2f}"
    if kind == "datetime":
        return times.iso(NOW - number * times.MINUTE)
    if kind == "bool":
        return "true" if number % 2 else "false"
    return f"{_WORDS[number % 10]} {_WORDS[number // 10 % 10]} {number % 1000}"


def _salesforce_contacts(store: Store, rows: int, fields: list[str]) -> None:
    """Contacts of an org: 18 of the object's fields have a value."""
    store.db.create_function("sf_id", 1, salesforce_id, deterministic=True)
    made = f"({NOW - SPAN - 2 * times.DAY} + (n * {SPAN // max(1, rows) // 1000}) * 1000)"
    moved = f"({made} + {times.DAY})"
    user = f"'{salesforce_org.INTEGRATION_USER}'"
    values = {
        "Id": "sf_id(n)", "IsDeleted": "'false'", "CreatedDate": _iso(made), "CreatedById": user,
        "LastModifiedDate": _iso(moved), "LastModifiedById": user, "SystemModstamp": _iso(moved),
        "OwnerId": user, "CurrencyIsoCode": "'USD'", "Lead_Score__c": "n % 100",
        "FirstName": "'First' || (n * 7919 % 5000)", "LastName": "'Last' || (n * 104729 % 50000)",
        "Name": "'First' || (n * 7919 % 5000) || ' Last' || (n * 104729 % 50000)",
        "Email": "'person' || n || '@company' || (n % 30000) || '.example'",
        "Phone": "printf('+1 555 %07d', n * 31 % 10000000)", "Title": "'manager ' || (n % 40)",
        "MailingCity": "'city ' || (n % 700)", "HasOptedOutOfEmail": "'false'",
    }  # fmt: skip
    shown = ", ".join(values.get(name, "null") for name in fields)
    store.db.execute(
        f"""with recursive numbers (n) as (select 0 where {rows} > 0
            union all select n + 1 from numbers where n + 1 < {rows})
        insert into "Contact" select {shown} from numbers"""
    )
