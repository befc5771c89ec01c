"""What an apply holds back or does not begin: fields, values, stale plans, guards, other accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from pipelines.clients import errors
from pipelines.clients.results import Outcomes
from pipelines.errors import CrmError, Locked, UsageError
from pipelines.reverse_sync import apply as applying
from pipelines.reverse_sync.destinations.base import FieldAccess, RecordWrite
from pipelines.reverse_sync.lock import only_one
from pipelines.reverse_sync.moved import CHANGED_MEANWHILE
from pipelines.run import Run
from pipelines.settings import HubSpotConnection, Secret
from pipelines.state import agreed
from pipelines.state.agreed import Agreed

from .conftest import NOON, World
from .filled import fill


def test_fields_the_vendor_lacks_or_locks_are_held_and_the_others_written(world: World) -> None:
    fill(world, 2, 2)
    del world.salesforce.access["Revenue__c"]
    world.hubspot.access["score"] = FieldAccess("score", False)
    done = world.apply(world.plan())
    assert done.confirmed == 4
    assert done.notes == (
        "contacts: 2 fields held: HubSpot does not let us write contacts.score; see docs/going-live.md",
        "leads: 2 fields held: Salesforce has no field Lead.Revenue__c; create it, see docs/going-live.md",
    )


def test_what_is_no_target_holds_its_own_sync_row_by_row_and_leaves_the_others_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A data extension without a primary key, say."""
    fill(world, 3, 2)

    def no_target(object_name: str) -> dict[str, FieldAccess]:
        raise errors.Rejected(f"{object_name} has no primary keys and not one", remedy="name another")

    monkeypatch.setattr(world.hubspot, "fields", no_target)
    done = world.apply(world.plan())
    assert done.syncs["leads"].records == 2
    assert done.syncs["contacts"].records == 0
    assert done.syncs["contacts"].stopped == ""
    assert done.syncs["contacts"].held == {"contacts has no primary keys and not one; name another": 6}
    assert world.hubspot.log.count("update") == 0


def test_a_value_the_vendor_would_refuse_is_held_and_does_not_take_its_record_along(world: World) -> None:
    world.hubspot.records = {"1": {}, "2": {}}
    world.publish(
        {"1": {"stage": "mql", "source": "paid"}, "2": {"stage": "lead", "source": "word of mouth"}}
    )
    world.hubspot.access["stage"] = FieldAccess("stage", True, choices=frozenset({"lead", "customer"}))
    world.hubspot.access["source"] = FieldAccess("source", True, length=4)
    done = world.apply(world.plan())
    assert world.hubspot.records == {"1": {"source": "paid"}, "2": {"stage": "lead"}}
    assert done.notes == (
        "contacts: 1 fields held: HubSpot does not take 'mql' for contacts.stage, only customer, lead; "
        "mend stages.yml",
        "contacts: 1 fields held: HubSpot takes at most 4 characters for contacts.source",
    )


def test_each_value_of_a_multi_select_is_held_against_what_the_field_takes(world: World) -> None:
    syncs = world.settings.config_dir / "syncs.yml"
    syncs.write_text(syncs.read_text().replace("source: {type: text", "source: {type: set"))
    world.hubspot.records = {"1": {}, "2": {}}
    world.publish({"1": {"source": "paid;organic"}, "2": {"source": "paid;fax"}})
    world.hubspot.access["source"] = FieldAccess("source", True, choices=frozenset({"paid", "organic"}))
    done = world.apply(world.plan())
    assert {i: sorted((r.get("source") or "").split(";")) for i, r in world.hubspot.records.items()} == {
        "1": ["organic", "paid"], "2": [""]
    }  # fmt: skip
    assert "does not take 'fax;paid'" in done.notes[0]


def test_a_record_that_another_run_changed_since_is_held(world: World) -> None:
    fill(world, 2, 0)
    old = world.plan()
    world.publish({"0": {"source": "organic"}}, publish_id="p1")
    world.apply(world.plan("run2"), run="run2")
    done = world.apply(old, run="run3")
    assert done.syncs["contacts"].held == {"it was changed by another run since this plan was made": 1}
    assert world.hubspot.records["0"] == {"score": "0", "source": "organic"}


@pytest.mark.parametrize("moved", [{"1", "2", "3"}, None])
def test_what_others_changed_since_the_plan_was_made_is_left_alone(
    world: World, moved: set[str] | None
) -> None:
    world.hubspot.records = {i: {"source": "organic", "rep": "Ann"} for i in "123"}
    world.publish({i: {"source": "paid", "score": 7} for i in "123"})
    plan = world.plan()
    world.hubspot.records["1"]["source"] = "a person's word"
    world.hubspot.records["2"]["source"] = "paid"
    world.hubspot.records["3"]["rep"] = "Bob"  # a field that we do not write
    world.hubspot.moved = moved
    done = world.apply(plan)
    assert [row["source"] for row in world.hubspot.records.values()] == ["a person's word", "paid", "paid"]
    assert (done.confirmed, done.syncs["contacts"].already) == (4, 1)
    assert done.syncs["contacts"].held == {CHANGED_MEANWHILE: 1}
    assert done.calls - done.repair == plan.calls


def test_where_each_is_looked_at_what_a_search_does_not_know_yet_is_left_alone_too(world: World) -> None:
    config = world.settings.config_dir / "syncs.yml"
    config.write_text(f"{config.read_text()}look_before_writing: each\n")
    world.hubspot.records = {i: {"source": "organic"} for i in "12"}
    world.salesforce.records = {i: {"Score__c": "1"} for i in "12"}
    world.publish({i: {"source": "paid"} for i in "12"}, {i: {"Score__c": 7} for i in "12"})
    plan = world.plan()
    assert [s.calls.formula.rsplit("; ", 1)[1] for s in plan.syncs.values()] == [
        "1 to look at each record right before", "1 to look at each record right before",
    ]  # fmt: skip
    world.hubspot.records["1"]["source"] = "a person's word"
    world.salesforce.records["2"]["Score__c"] = "40"
    done = world.apply(plan)
    assert world.hubspot.moved == set()
    assert world.hubspot.records["1"]["source"] == "a person's word"
    assert world.salesforce.records["2"]["Score__c"] == "40"
    assert [each.held for each in done.syncs.values()] == [{CHANGED_MEANWHILE: 1}] * 2
    assert done.confirmed == 2
    assert done.calls - done.repair == plan.calls


def test_what_waits_for_the_next_batch_is_looked_at_when_its_turn_comes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first record is written already, so that the fifth waits while three others go."""
    config = world.settings.config_dir / "syncs.yml"
    config.write_text(f"{config.read_text()}look_before_writing: each\n")
    world.hubspot.records = {i: {"source": "organic"} for i in "1234567"}
    world.publish({i: {"source": "paid"} for i in "1234567"})
    plan = world.plan()
    key = f"hubspot:{world.hubspot.org_id}:contacts:1"
    with world.state.writing() as connection:
        agreed.save(connection, [Agreed(key, "source", "paid", NOON + timedelta(hours=1), "r0")])
    update = world.hubspot.update

    def somebody_is_quicker(object_name: str, writes: Sequence[RecordWrite]) -> Outcomes:
        if world.hubspot.records["2"]["source"] == "organic":
            world.hubspot.records["5"]["source"] = "a person's word"
        return update(object_name, writes)

    monkeypatch.setattr(world.hubspot, "update", somebody_is_quicker)
    done = world.apply(plan)
    assert world.hubspot.records["5"]["source"] == "a person's word"
    assert done.syncs["contacts"].held == {CHANGED_MEANWHILE: 1}
    assert done.confirmed == 5


def test_a_plan_is_stale_once_fields_or_guards_are_others_and_not_for_its_budget(world: World) -> None:
    fill(world, 2, 2)
    plan, config = world.plan(), world.settings.config_dir / "syncs.yml"
    was = config.read_text()
    config.write_text(was.replace("policy: fill_if_empty", "policy: overwrite"))
    with pytest.raises(UsageError, match="fields or guards of config/ have changed"):
        world.apply(plan)
    config.write_text(f"{was}budget: {{daily_share: 0.9}}\n")
    assert world.apply(plan).confirmed == 8


def test_a_plan_from_another_publish_is_stale(world: World) -> None:
    fill(world)
    plan = world.plan()
    world.publish(publish_id="p2")
    with pytest.raises(UsageError, match="stale: it was made from publish p1, and p2 is what stands now"):
        world.apply(plan)


def test_a_plan_that_a_guard_stopped_needs_force_and_force_is_noted(world: World) -> None:
    world.hubspot.records = {"1": {"source": "paid"}}
    world.publish({"1": {"source": "__clear__"}})
    plan = world.plan()
    with pytest.raises(CrmError, match=r"stopped by a guard: contacts would empty 1 fields"):
        world.apply(plan)
    assert world.hubspot.calls == 0
    done = world.apply(plan, force=True)
    assert done.notes == (
        "applied with force past a guard: contacts would empty 1 fields (the guard allows 0)",
    )
    assert world.hubspot.records["1"]["source"] is None


def _production(world: World, *, write: bool) -> None:
    hubspot = HubSpotConnection(url="https://api.hubapi.com", token=Secret("t"), environment="production")
    world.settings = replace(world.settings, hubspot=hubspot, write=write)


def test_a_connection_that_may_not_be_written_to_stops_the_apply_before_any_call(world: World) -> None:
    fill(world)
    plan = world.plan()
    _production(world, write=False)
    with pytest.raises(UsageError, match=r"writing to hubspot \(production\) is switched off.*CRM_WRITE=on"):
        world.apply(plan)
    assert (world.hubspot.calls, world.salesforce.calls) == (0, 0)


def test_production_is_named_before_the_first_write(world: World) -> None:
    fill(world, 1, 0)
    plan = world.plan()
    _production(world, write=True)
    said: list[tuple[str, int]] = []

    def progress(item: str, done: int, total: int | None) -> None:
        said.append((item, world.hubspot.log.count("update")))

    done = applying.apply(
        plan.path, world.warehouse, world.state, world.settings, Run("run1"), progress,
        open_destination=world.open_destination,
    )  # fmt: skip
    sentence = "writing to HubSpot portal 48290173 (Northwind), production"
    assert (sentence, 0) in said
    assert sentence in done.notes


def test_a_plan_for_another_portal_is_refused(world: World) -> None:
    fill(world)
    plan = world.plan()
    world.hubspot.org_id = "1"
    with pytest.raises(UsageError, match="made for HubSpot 48290173, the connection leads to 1"):
        world.apply(plan)
    assert world.hubspot.writes == []
    assert world.salesforce.writes == [], "every other end is asked before anything is written"


def test_a_second_apply_leaves_by_name_while_one_is_writing(world: World) -> None:
    fill(world)
    plan = world.plan()
    with only_one(world.settings.home / "apply.lock", "run first", world.state):
        with pytest.raises(Locked, match=r"by run first \(pid \d+, since "):
            world.apply(plan)
