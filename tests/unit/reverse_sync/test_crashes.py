"""Ended at every state of the journal, the next run finds out what was written and goes on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipelines import crashpoints
from pipelines.crashpoints import Crashed
from pipelines.reverse_sync import writer
from pipelines.reverse_sync.plan import Plan
from pipelines.state.journal import NOT_SENT

from .conftest import NOON, World

_PLACES = [
    (vendor, name)
    for vendor in ("hubspot", "salesforce")
    for name in writer.CRASHPOINTS
    if (vendor, name) != ("hubspot", "read_back")  # its answers echo, so that nothing is read back
]


def _world(world: World, vendor: str) -> Plan:
    crm = world.crms[vendor]
    crm.records = {str(n): {} for n in range(6)}
    if vendor == "hubspot":
        world.publish({str(n): {"score": n, "source": "paid"} for n in range(6)})
    else:
        world.publish(None, {str(n): {"Score__c": float(n), "Revenue__c": "1.00"} for n in range(6)})
    return world.plan()


def _wanted(vendor: str) -> dict[str, dict[str, str]]:
    if vendor == "hubspot":
        return {str(n): {"score": str(n), "source": "paid"} for n in range(6)}
    return {str(n): {"Score__c": str(n), "Revenue__c": "1.00"} for n in range(6)}


def _crash(world: World, plan: Plan, vendor: str, name: str, nth: int = 1) -> None:
    if name == "lost":
        world.crms[vendor].faults = ["", "", "lost after"]
    with crashpoints.armed(name, nth=nth), pytest.raises(Crashed):
        world.apply(plan)
    world.crms[vendor].faults = []


def _assert_whole(world: World, vendor: str) -> None:
    crm = world.crms[vendor]
    assert crm.records == _wanted(vendor)
    cells = [(record_id, field) for record_id, field, _, _ in crm.writes]
    assert len(cells) == len(set(cells)) == 12, "a field was written twice"


@pytest.mark.parametrize(("vendor", "name"), _PLACES)
def test_applying_the_same_plan_again_ends_where_the_plan_says(world: World, vendor: str, name: str) -> None:
    plan = _world(world, vendor)
    _crash(world, plan, vendor, name, nth=1 if name == "lost" else 2)
    done = world.apply(plan, run="run2")
    _assert_whole(world, vendor)
    assert done.unknown == 0
    assert {row[2] for row in world.journal()} == {"confirmed"}
    assert world.plan("run3").is_empty


@pytest.mark.parametrize(("vendor", "name"), _PLACES)
def test_recovering_and_planning_anew_ends_there_too(world: World, vendor: str, name: str) -> None:
    plan = _world(world, vendor)
    _crash(world, plan, vendor, name)
    world.recover()
    assert {row[2:] for row in world.journal()} <= {("confirmed", ""), ("intended", NOT_SENT)}
    world.apply(world.plan("run2"), run="run2")
    _assert_whole(world, vendor)
    assert world.plan("run3").is_empty


def test_recovery_writes_nothing_and_finds_nothing_the_second_time(world: World) -> None:
    _crash(world, _world(world, "salesforce"), "salesforce", "answered")
    before = list(world.salesforce.writes)
    assert world.recover().confirmed == 4
    calls = world.salesforce.calls
    assert world.recover().counts == {"confirmed": 0, "not_stored": 0, "rejected": 0}
    assert (world.salesforce.writes, world.salesforce.calls) == (before, calls)


def test_a_value_that_others_set_meanwhile_is_not_claimed_as_ours(world: World) -> None:
    _crash(world, _world(world, "hubspot"), "hubspot", "answered")
    world.hubspot.records["1"]["source"] = "somebody's word"
    assert world.recover().counts == {"confirmed": 5, "not_stored": 0, "rejected": 1}
    failed = [row for row in world.journal("record_id, field, state, code, message") if row[2] == "rejected"]
    assert failed == [
        ("1", "source", "rejected", "CHANGED_BY_OTHERS",
         "somebody else changed it meanwhile, it holds \"somebody's word\""),
    ]  # fmt: skip


def test_a_crash_before_an_extract_does_not_hide_what_others_did_after(world: World) -> None:
    _crash(world, _world(world, "hubspot"), "hubspot", "settled")
    world.hubspot.records["0"]["source"] = "organic"
    world.publish({"0": {"source": "paid"}}, as_of=NOON + timedelta(hours=1), publish_id="p2")
    world.apply(world.plan("run2"), run="run2")
    assert world.hubspot.writes[-1] == ("0", "source", "organic", "paid")


@pytest.mark.parametrize("name", ["intended", "sent", "answered", "settled"])
def test_two_vendors_side_by_side_end_whole_when_one_dies(world: World, name: str) -> None:
    for crm in world.crms.values():
        crm.records = {str(n): {} for n in range(6)}
    contacts = {str(n): {"score": n, "source": "paid"} for n in range(6)}
    world.publish(contacts, {str(n): {"Score__c": float(n), "Revenue__c": "1.00"} for n in range(6)})
    _crash(world, world.plan(), "hubspot", name, nth=3)
    world.recover()
    world.apply(world.plan("run2"), run="run2")
    _assert_whole(world, "hubspot")
    _assert_whole(world, "salesforce")


@pytest.mark.parametrize("name", ["intended", "sent", "answered", "settled"])
def test_rounds_that_overlap_end_whole_when_one_of_their_calls_dies(world: World, name: str) -> None:
    world.hubspot.at_once = 2  # rounds of six records, three of them under way
    ids = [str(n) for n in range(18)]
    world.hubspot.records = {i: {} for i in ids}
    world.publish({i: {"score": int(i), "source": "paid"} for i in ids})
    plan = world.plan()
    _crash(world, plan, "hubspot", name, nth=2)
    world.apply(plan, run="run2")
    cells = [(record_id, field) for record_id, field, _, _ in world.hubspot.writes]
    assert len(cells) == len(set(cells)) == 36, "a field was written twice, or not at all"
    assert {row[2] for row in world.journal()} == {"confirmed"}


def test_every_crashpoint_is_reached_by_these_tests(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    reached: set[str] = set()
    monkeypatch.setattr(writer, "crashpoint", reached.add)
    plan = _world(world, "salesforce")
    world.salesforce.faults = ["", "", "lost after"]
    world.apply(plan)
    assert reached == set(writer.CRASHPOINTS)
