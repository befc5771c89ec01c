"""A CRM is asked before it gets a new record: what is there, or refused as a duplicate, is the partner."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest

from pipelines.clients.hubspot.pages import Page
from pipelines.clients.results import Outcomes, RowResult
from pipelines.clients.salesforce.client import QueryPage, _row
from pipelines.reverse_sync.actions.base import Action
from pipelines.reverse_sync.actions.hubspot_records import HubSpotCreator
from pipelines.reverse_sync.actions.records import LINKED, domain_of, joined
from pipelines.reverse_sync.actions.salesforce_records import SalesforceCreator


def _action(key: str, vendor: str, object_name: str, **properties: str) -> Action:
    payload = {
        "properties": properties, "key": f"source:{key}", "key_field": "external_id",
        "joins": {"entity": "person", "prefix": f"{vendor}:org"},
    }  # fmt: skip
    return Action(
        key, "s", "create_record", vendor, object_name, f"other:org:x:{key}", "", payload, (), "mirrored",
        "people.yml", "", "compensable",
    )  # fmt: skip


@dataclass
class Portal:
    """HubSpot as far as a creator asks it."""

    emails: dict[str, str] = field(default_factory=dict)
    domains: dict[str, str] = field(default_factory=dict)
    refusal: str = ""
    upserted: list[str] = field(default_factory=list)
    unsubscribed: list[str] = field(default_factory=list)

    def unsubscribe_all(self, addresses: Sequence[str]) -> tuple[frozenset[str], str]:
        assert self.upserted, "HubSpot knows an address from its contact on"
        self.unsubscribed += addresses
        return frozenset(addresses), "call"

    def batch_read(
        self, kind: str, ids: Sequence[str], names: Sequence[str], *, id_property: str
    ) -> list[Any]:
        assert id_property == "email"
        return [{"id": self.emails[i], "properties": {"email": i.upper()}} for i in ids if i in self.emails]

    def search_page(self, kind: str, names: Sequence[str], filters: Sequence[Mapping[str, Any]]) -> Page:
        wanted = filters[0]["values"]
        return Page(
            [{"id": i, "properties": {"domain": d}} for d, i in self.domains.items() if d in wanted], None
        )

    def batch_upsert(self, kind: str, inputs: Sequence[Mapping[str, Any]]) -> Outcomes:
        self.upserted += [each["id"] for each in inputs]
        if self.refusal:
            return Outcomes([RowResult(False, code="CONFLICT", message=self.refusal) for _ in inputs])
        return Outcomes([RowResult(True, f"new {n}", created=True) for n, _ in enumerate(inputs)])


@dataclass
class Org:
    """Salesforce as far as a creator asks it. `after`: rows that are there once something was refused."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    after: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    refusal: str = ""
    upserted: list[dict[str, Any]] = field(default_factory=list)

    def query_pages(self, soql: str) -> Iterator[QueryPage]:
        kind = soql.split(" FROM ")[1].split(" ")[0]
        rows = self.rows.get(kind, []) + (self.after.get(kind, []) if self.upserted else [])
        starts = tuple(re.findall(r"LIKE '([^%]+)%'", soql))
        found = [
            row for row in rows
            if any(str(v) in soql or (starts and str(v).lower().startswith(starts)) for v in row.values())
        ]  # fmt: skip
        yield QueryPage(found, len(found))

    def upsert_collection(self, kind: str, name: str, records: Sequence[dict[str, Any]]) -> Outcomes:
        self.upserted += records
        if self.refusal:
            return Outcomes([RowResult(False, code=self.refusal, message="no") for _ in records])
        return Outcomes([RowResult(True, f"id {n}") for n, _ in enumerate(records)])


def _hubspot(portal: Portal) -> HubSpotCreator:
    return HubSpotCreator(SimpleNamespace(client=portal))  # type: ignore[arg-type]


def _salesforce(org: Org) -> SalesforceCreator:
    return SalesforceCreator(SimpleNamespace(client=org))  # type: ignore[arg-type]


def test_a_contact_whose_address_hubspot_has_is_linked_and_not_created() -> None:
    portal = Portal(emails={"ann@x.org": "77"})
    ann = _action("a", "hubspot", "contacts", email="Ann@X.org")
    bob = _action("b", "hubspot", "contacts", email="bob@x.org")
    there, made = _hubspot(portal).send([ann, bob])
    assert (there.ok, there.id, there.code) == (True, "77", LINKED)
    assert (made.id, made.code, portal.upserted) == ("new 0", "", ["source:b"])
    assert joined(ann, "77", "contacts") == ("person", "other:org:x:a", "hubspot:org:contacts:77")


def test_a_new_contact_of_somebody_who_refuses_e_mail_is_unsubscribed_at_once() -> None:
    portal = Portal(emails={"ann@x.org": "77"})
    some = [_action(n, "hubspot", "contacts", email=f"{n}@x.org") for n in ("ann", "bob", "cyd")]
    refusing = [replace(a, payload={**a.payload, "refuses": True}) for a in some[:2]]
    assert all(row.ok for row in _hubspot(portal).send([*refusing, some[2]]))
    assert portal.unsubscribed == ["bob@x.org"], "whoever is there already is told by the sync of refusals"
    assert HubSpotCreator.forecast_group(some) == 2
    assert HubSpotCreator.forecast_group(refusing) == 3


def test_a_conflict_names_the_contact_that_becomes_the_partner() -> None:
    portal = Portal(refusal="Contact already exists. Existing ID: 4711")
    (row,) = _hubspot(portal).send([_action("a", "hubspot", "contacts", email="a@x.org")])
    assert (row.ok, row.id, row.code) == (True, "4711", LINKED)


def test_another_refusal_stays_one() -> None:
    portal = Portal(refusal="deleted for privacy reasons")
    (row,) = _hubspot(portal).send([_action("a", "hubspot", "contacts", email="a@x.org")])
    assert (row.ok, row.code) == (False, "CONFLICT")


def test_a_company_is_known_by_its_bare_domain() -> None:
    portal = Portal(domains={"acme.example": "9"})
    acme = _action("a", "hubspot", "companies", domain="https://www.Acme.example/about")
    assert domain_of(acme) == "acme.example"
    (row,) = _hubspot(portal).send([acme])
    assert (row.id, row.code) == ("9", LINKED)


@pytest.mark.parametrize(
    ("website", "is_it"),
    [("acme.example", True), ("https://www.Acme.example/", True), ("http://acme.example/de/start?x=1", True),
     ("acme.example:8080", True), ("shop.acme.example", False), ("acme.example.org", False),
     ("https://x.example/acme.example", False)],
)  # fmt: skip
def test_an_account_is_known_by_its_domain_however_its_website_is_spelt(website, is_it) -> None:
    org = Org(rows={"Account": [{"Id": "001", "Website": website}]})
    acme = _action("a", "salesforce", "Account", Website="https://acme.example/about")
    (row,) = _salesforce(org).send([acme])
    assert ((row.id, row.code) == ("001", LINKED)) is is_it
    assert bool(org.upserted) is not is_it


def test_a_lead_to_be_is_linked_to_the_contact_that_has_the_address() -> None:
    org = Org(rows={"Contact": [{"Id": "003", "Email": "ann@x.org"}]})
    (row,) = _salesforce(org).send([_action("a", "salesforce", "Lead", Email="Ann@x.org")])
    assert (row.id, row.code, row.values["object"], org.upserted) == ("003", LINKED, "Contact", [])


def test_what_a_duplicate_rule_refuses_is_linked_to_what_is_there() -> None:
    org = Org(after={"Lead": [{"Id": "00Q", "Email": "ann@x.org"}]}, refusal="DUPLICATES_DETECTED")
    (row,) = _salesforce(org).send([_action("a", "salesforce", "Lead", Email="ann@x.org")])
    assert (row.ok, row.id, row.code) == (True, "00Q", LINKED)


@pytest.mark.parametrize(
    ("refusal", "message", "matches", "linked_to"),
    [
        ("DUPLICATES_DETECTED", "Use one of these records?", ["003A"], "003A"),
        ("DUPLICATES_DETECTED", "Use one of these records?", ["003A", "003B"], None),
        ("DUPLICATE_VALUE", "duplicate value found: Code__c duplicates value on record with id: "
         "00Q000000000001", [], "00Q000000000001"),
    ],
)  # fmt: skip
def test_the_one_record_that_a_refusal_names_is_the_partner(refusal, message, matches, linked_to) -> None:
    """Salesforce's answer as its API spells it; of several nobody knows which it is."""
    found = [{"record": {"attributes": {"type": "Contact"}, "Id": each}} for each in matches]
    said = {
        "statusCode": refusal, "message": message, "fields": [],
        "duplicateResut": {"matchResults": [{"entityType": "Contact", "matchRecords": found}]},
    }  # fmt: skip
    org = Org()
    org.upsert_collection = lambda *_: Outcomes([_row({"success": False, "errors": [said]})])  # type: ignore[method-assign]
    (row,) = _salesforce(org).send([_action("a", "salesforce", "Lead", Email="ann@x.org")])
    assert (row.id, row.code) == ((linked_to, LINKED) if linked_to else (None, refusal))
    if matches and linked_to:
        assert row.values["object"] == "Contact"


def test_a_duplicate_that_nobody_finds_stays_refused() -> None:
    org = Org(refusal="DUPLICATES_DETECTED")
    (row,) = _salesforce(org).send([_action("a", "salesforce", "Lead", Email="ann@x.org")])
    assert (row.ok, row.code) == (False, "DUPLICATES_DETECTED")


def test_quotes_in_a_name_do_not_end_the_query() -> None:
    org = Org()
    _salesforce(org).send([_action("a", "salesforce", "Lead", Email="o'hara@x.org", LastName="O'Hara")])
    assert org.upserted[0]["LastName"] == "O'Hara"


def test_calls_about_campaigns_of_one_name_are_kept_apart() -> None:
    """Each looks for the name first, and would not find what the other is about to make."""
    one, two, other = (
        HubSpotCreator.apart(_action(key, "hubspot", "campaigns", hs_name=name))
        for key, name in (("1", "Spring Fair"), ("2", "spring fair "), ("3", "Autumn Fair"))
    )
    assert one & two
    assert not one & other
