"""Opt-outs travel first and past the guards; HubSpot takes them by address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from pipelines.errors import CrmError
from pipelines.reverse_sync.destinations.base import Cell, FieldAccess, RecordWrite
from pipelines.reverse_sync.destinations.hubspot import HubSpotDestination
from pipelines.reverse_sync.forecast import forecast

CONSENT = """
  opt_outs:
    vendor: hubspot
    object: contacts
    desired: sync_hubspot__opt_outs
    existing: existing_hubspot__opt_outs
    consent: true
    fields:
      out: {type: boolean, provider: computed, owner: crm, rule: consent}
"""


@pytest.fixture
def refusing(world):
    """Contact 1 refuses e-mail, and every contact's stage would be overwritten, which a guard stops."""
    syncs = world.settings.config_dir / "syncs.yml"
    syncs.write_text(syncs.read_text() + CONSENT)
    world.hubspot.access["out"] = FieldAccess("out", True)
    ids = [str(n) for n in range(1, 5)]
    world.hubspot.records = {i: {"stage": "lead", "out": "false"} for i in ids}
    key = "'hubspot:48290173:contacts:1'"
    world.publish(
        {i: {"stage": "mql"} for i in ids},
        extra=[
            f"create table reverse_sync.sync_hubspot__opt_outs as select '1' as record_id, {key} as "
            "record_key, 'person 0' as person_id, true as out",
            f"create table reverse_sync.existing_hubspot__opt_outs as select '1' as record_id, {key} as "
            "record_key, 'person 0' as person_id, false as out",
        ],
    )
    return world


def test_no_guard_holds_an_opt_out(refusing):
    plan = refusing.plan()
    assert plan.stopped
    with pytest.raises(CrmError, match=r"stopped by a guard.*the opt-outs of 1 records were written"):
        refusing.apply(plan)
    assert refusing.hubspot.writes == [("1", "out", "false", "true")]


def test_a_guard_holds_what_lifts_a_refusal(refusing):
    refusing.hubspot.records["1"]["out"] = "true"
    refusing.publish(
        {str(i): {"stage": "mql"} for i in range(1, 5)},
        extra=[
            f"create or replace table reverse_sync.{name} as select '1' as record_id, "
            f"'hubspot:48290173:contacts:1' as record_key, 'person 0' as person_id, {out} as out"
            for name, out in (("sync_hubspot__opt_outs", "false"), ("existing_hubspot__opt_outs", "true"))
        ],
    )
    with pytest.raises(CrmError, match="stopped by a guard"):
        refusing.apply(refusing.plan())
    assert refusing.hubspot.writes == []
    refusing.apply(refusing.plan(), force=True)
    assert ("1", "out", "true", "false") in refusing.hubspot.writes


def test_opt_outs_travel_first(refusing):
    refusing.apply(refusing.plan(), force=True)
    assert [field for _, field, _, _ in refusing.hubspot.writes] == ["out", *["stage"] * 4]


def test_a_stopped_plan_without_opt_outs_sends_nothing(refusing):
    with pytest.raises(CrmError, match="stopped by a guard"):
        refusing.apply(refusing.plan(), only=["contacts"])
    assert refusing.hubspot.writes == []


class Portal:
    """What the destination asks of a client."""

    def __init__(self, contacts: dict[str, str | None], known: set[str]) -> None:
        self.contacts, self.known = contacts, known
        self.asked: list[list[str]] = []
        self.left: list[list[tuple[str, str]]] = []

    def batch_read(self, object_type: str, ids: list[str], properties: list[str]) -> list[dict[str, Any]]:
        return [{"id": i, "properties": {"email": self.contacts[i]}} for i in ids if i in self.contacts]

    def path(self, name: str) -> str:
        return f"/{name}"

    def get(self, path: str) -> dict[str, Any]:
        assert path == "/preferences/definitions"
        return {
            "results": [{"id": i, "name": n} for i, n in (("501", "News"), ("7", "Twice"), ("8", "twice"))]
        }

    def unsubscribe(self, asked: Sequence[tuple[str, str]]) -> tuple[frozenset[tuple[str, str]], str]:
        self.left.append(list(asked))
        return frozenset(pair for pair in asked if pair[0] in self.known), "call-2"

    def unsubscribe_all(self, addresses: Sequence[str]) -> tuple[frozenset[str], str]:
        self.asked.append(list(addresses))
        return frozenset(set(addresses) & self.known), "call-1"


def opt_outs(*ids: str) -> list[RecordWrite]:
    return [RecordWrite(i, (Cell("hs_email_optout", "boolean", "true"),)) for i in ids]


def test_hubspot_is_told_of_addresses_and_each_contact_has_its_end():
    portal = Portal({"1": "A@x.example", "2": None, "3": "lost@x.example"}, {"a@x.example"})
    rows = HubSpotDestination(portal).update("contacts", opt_outs("1", "2", "3"))  # type: ignore[arg-type]
    assert portal.asked == [["a@x.example", "lost@x.example"]]
    assert [(row.ok, row.code) for row in rows] == [
        (True, ""), (False, "NO_ADDRESS"), (False, "MISSING_FROM_ANSWER")
    ]  # fmt: skip
    assert rows[0].values == {"hs_email_optout": "true"}
    assert rows.request_id == "call-1"


def test_one_subscription_is_left_by_name_or_id_and_each_contact_has_its_end():
    portal = Portal({"1": "A@x.example", "2": None, "3": "lost@x.example"}, {"a@x.example"})
    there = HubSpotDestination(portal)  # type: ignore[arg-type]
    fields = there.fields("subscription-statuses")
    assert fields.keys() == {"subscription news", "subscription 501", "subscription 7", "subscription 8"}
    assert fields["subscription news"].choices == {"UNSUBSCRIBED"}, "nobody is subscribed by us"
    writes = [
        RecordWrite(i, (Cell(name, "text", "UNSUBSCRIBED"),))
        for i, name in (("1", "subscription news"), ("2", "subscription 501"), ("3", "subscription 501"))
    ]
    rows = there.update("subscription-statuses", writes)
    assert portal.left == [[("a@x.example", "501"), ("lost@x.example", "501")]]
    assert portal.asked == [], "of one, not of all"
    assert [(row.ok, row.code) for row in rows] == [
        (True, ""), (False, "NO_ADDRESS"), (False, "MISSING_FROM_ANSWER")
    ]  # fmt: skip
    assert rows[0].values == {"subscription news": "UNSUBSCRIBED"}


def test_without_an_address_hubspot_is_not_asked():
    portal = Portal({"2": None}, set())
    assert not HubSpotDestination(portal).update("contacts", opt_outs("2"))[0].ok  # type: ignore[arg-type]
    assert portal.asked == []


def test_the_forecast_counts_the_reading_of_addresses():
    assert forecast("hubspot", 250, consent=True).total == 3 + 3 + 1
