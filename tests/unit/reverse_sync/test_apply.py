"""What an apply writes, refuses and reports."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from pipelines.clients import errors
from pipelines.clients.results import Outcomes
from pipelines.errors import CrmError, Locked, UsageError
from pipelines.reverse_sync import apply as applying
from pipelines.reverse_sync import planfile
from pipelines.reverse_sync.destinations.base import FieldAccess, RecordWrite
from pipelines.reverse_sync.lock import only_one
from pipelines.run import Run
from pipelines.settings import HubSpotConnection, Secret
from pipelines.state import agreed
from pipelines.state.journal import NOT_SENT

from .conftest import ROUND, World, group_leads


def _fill(world: World, contacts: int = 7, leads: int = 5) -> None:
    """Records without our fields, and a published wish for each."""
    world.hubspot.records = {str(n): {} for n in range(contacts)}
    world.salesforce.records = {str(n): {} for n in range(leads)}
    world.publish(
        {str(n): {"score": n, "source": "paid"} for n in range(contacts)},
        {str(n): {"Score__c": float(n), "Revenue__c": "10.50"} for n in range(leads)},
    )


def test_a_plan_is_written_and_each_field_confirmed(world: World) -> None:
    _fill(world)
    done = world.apply(world.plan())
    assert done.counts == {
        "contacts": 7, "leads": 5, "confirmed": 24, "rejected": 0, "unknown": 0, "held": 0, "calls": 12,
    }  # fmt: skip
    assert not done.is_partial
    assert len(world.hubspot.writes) == 14
    assert world.salesforce.records["4"] == {"Score__c": "4", "Revenue__c": "10.50"}
    assert {row[2] for row in world.journal()} == {"confirmed"}


def test_the_calls_made_are_the_calls_forecast(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.reverse_sync.forecast.BATCH", {"hubspot": 3, "salesforce": 2})
    monkeypatch.setattr("pipelines.reverse_sync.forecast._READ_BACK", ROUND)
    _fill(world)
    plan = world.plan()
    assert world.apply(plan).calls == plan.calls


def test_when_one_of_the_calls_side_by_side_is_refused_nothing_is_lost_or_written_twice(world: World) -> None:
    world.hubspot.at_once = 4
    _fill(world, contacts=30, leads=0)
    plan = world.plan()
    world.hubspot.faults = ["", "", "", "refused"]
    done = world.apply(plan)
    assert done.is_partial
    assert done.syncs["contacts"].stopped
    assert {row[2:] for row in world.journal()} <= {("confirmed", ""), ("intended", NOT_SENT)}
    world.apply(plan, run="run2")
    cells = [(record_id, field) for record_id, field, _, _ in world.hubspot.writes]
    assert len(cells) == len(set(cells)) == 60
    assert {row[2] for row in world.journal()} == {"confirmed"}


def test_calls_overlap_unless_their_records_hang_on_one_parent(world: World) -> None:
    """Two a call: three calls about `a`, the third about `b` too, and one about `c`."""
    parents = dict(zip("12345678", "aaaaabcc", strict=True))
    extra = group_leads(world, parents)
    crm, together, going = world.salesforce, threading.Barrier(2, timeout=30), Counter[str]()
    crm.at_once, crm.records = 4, {i: {} for i in parents}
    plain = crm.update

    def update(object_name: str, writes: Sequence[RecordWrite]) -> Outcomes:
        held = {parents[write.record_id] for write in writes}
        going.update(held)
        assert max(going.values()) == 1, "two calls are about one parent"
        if writes[0].record_id in ("1", "7"):
            together.wait()  # passes only with both under way
        answers = plain(object_name, writes)
        going.subtract(held)
        return answers

    crm.update = update  # type: ignore[method-assign]
    world.publish(None, {i: {"Score__c": 1.0} for i in parents}, extra=extra)
    assert world.apply(world.plan()).confirmed == len(parents)
    assert [write[0] for write in crm.writes if parents[write[0]] in "ab"] == list("123456")


def test_after_an_apply_the_next_plan_is_empty_before_any_extract(world: World) -> None:
    _fill(world)
    world.apply(world.plan())
    assert world.plan("run2").is_empty


def test_only_the_fields_that_changed_are_sent(world: World) -> None:
    world.hubspot.records = {"1": {"score": "1", "source": "paid", "stage": "lead"}}
    world.publish({"1": {"score": 50, "source": "paid", "stage": "lead"}})
    world.apply(world.plan())
    assert world.hubspot.writes == [("1", "score", "1", "50")]


def test_a_yes_that_stored_something_else_is_rejected(world: World) -> None:
    _fill(world, 2, 2)
    world.hubspot.stuck = {("1", "score")}
    world.salesforce.stuck = {("0", "Revenue__c")}
    done = world.apply(world.plan())
    assert (done.confirmed, done.rejected) == (6, 2)
    failed = [row for row in world.journal("record_id, field, state, code, message") if row[2] == "rejected"]
    assert failed == [
        ("1", "score", "rejected", "NOT_STORED", "HubSpot said yes and holds nothing"),
        ("0", "Revenue__c", "rejected", "NOT_STORED", "Salesforce said yes and holds nothing"),
    ]
    assert done.is_partial


def test_a_row_that_is_rejected_fails_alone_with_the_vendor_s_code(world: World) -> None:
    _fill(world, 3, 3)
    world.hubspot.rejected = {"1": "INVALID_EMAIL"}
    world.salesforce.rejected = {"2": "STRING_TOO_LONG"}
    done = world.apply(world.plan())
    assert done.syncs["contacts"].records == 2
    assert done.syncs["leads"].records == 2
    assert {(row[0], row[3]) for row in world.journal() if row[2] == "rejected"} == {
        ("1", "INVALID_EMAIL"),
        ("2", "STRING_TOO_LONG"),
    }


def test_a_batch_that_fails_as_a_whole_is_split_until_the_bad_row_stands_alone(world: World) -> None:
    _fill(world, 6, 0)
    world.hubspot.poison = {"4"}
    done = world.apply(world.plan())
    assert done.syncs["contacts"].records == 5
    assert {row[0] for row in world.journal() if row[2] == "rejected"} == {"4"}


def test_a_record_that_is_gone_is_rejected_by_name(world: World) -> None:
    _fill(world, 2, 2)
    plan = world.plan()
    del world.hubspot.records["0"]
    assert world.apply(plan).confirmed == 6
    assert {(row[0], row[3]) for row in world.journal() if row[2] == "rejected"} == {("0", "RECORD_GONE")}


@pytest.mark.parametrize("vendor", ["hubspot", "salesforce"])
def test_a_lost_answer_is_settled_by_reading_back_and_nothing_is_sent_twice(
    world: World, vendor: str
) -> None:
    _fill(world, 3, 2)
    crm = world.crms[vendor]
    crm.faults = ["", "", "lost after"]  # who are you, which fields, the first write
    done = world.apply(world.plan())
    assert (done.confirmed, done.unknown) == (10, 0)
    assert crm.log.count("update") == 1
    assert len(crm.writes) == len(set(crm.writes))


@pytest.mark.parametrize("vendor", ["hubspot", "salesforce"])
def test_a_write_that_never_arrived_is_sent_again(world: World, vendor: str) -> None:
    _fill(world, 3, 2)
    crm = world.crms[vendor]
    crm.faults = ["", "", "lost before"]
    assert world.apply(world.plan()).confirmed == 10
    assert crm.log.count("update") == 2
    assert len(crm.writes) == len(set(crm.writes))


def test_answers_lost_again_and_again_end_the_sync_with_a_sentence(world: World) -> None:
    _fill(world, 3, 2)
    world.hubspot.faults = ["", "", *(["lost before", ""] * 3)]
    done = world.apply(world.plan())
    assert done.syncs["contacts"].stopped == "HubSpot did not say what became of a write."
    assert done.syncs["leads"].records == 2
    assert world.hubspot.writes == []
    assert done.is_partial


def test_what_cannot_be_read_back_stays_unknown_and_is_settled_by_the_next_apply(world: World) -> None:
    _fill(world, 3, 2)
    world.hubspot.faults = ["", "", "lost after", "down"]
    plan = world.plan()
    first = world.apply(plan)
    assert first.unknown == 6
    second = world.apply(plan, run="run2")
    assert second.recovered.confirmed == 6
    assert second.syncs["contacts"].already == 6
    assert world.hubspot.log.count("update") == 1


def test_a_vendor_that_refuses_ends_its_syncs_and_leaves_the_other_alone(world: World) -> None:
    _fill(world, 5, 2)
    world.hubspot.faults = ["", "", "", "refused"]
    plan = world.plan()
    first = world.apply(plan)
    assert first.syncs["contacts"].stopped == "HubSpot's calls of this day are used up."
    assert first.syncs["contacts"].records == 3
    assert first.syncs["contacts"].unsent == 4
    assert first.syncs["leads"].records == 2
    second = world.apply(plan, run="run2")
    assert second.syncs["contacts"].records == 2
    assert len(world.hubspot.writes) == len(set(world.hubspot.writes)) == 10


def test_fields_the_vendor_lacks_or_locks_are_held_and_the_others_written(world: World) -> None:
    _fill(world, 2, 2)
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
    _fill(world, 3, 2)

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


def test_a_limit_writes_so_many_records_of_each_sync_and_the_next_apply_goes_on(world: World) -> None:
    _fill(world, 7, 5)
    plan = world.plan()
    first = world.apply(plan, limit=4)
    assert (first.syncs["contacts"].records, first.syncs["leads"].records) == (4, 4)
    second = world.apply(plan, run="run2", limit=4)
    assert (second.syncs["contacts"].records, second.syncs["leads"].records) == (3, 1)
    assert len(world.hubspot.writes) == 14


def test_a_record_that_another_run_changed_since_is_held(world: World) -> None:
    _fill(world, 2, 0)
    old = world.plan()
    world.publish({"0": {"source": "organic"}}, publish_id="p1")
    world.apply(world.plan("run2"), run="run2")
    done = world.apply(old, run="run3")
    assert done.syncs["contacts"].held == {"it was changed by another run since this plan was made": 1}
    assert world.hubspot.records["0"] == {"score": "0", "source": "organic"}


def test_a_plan_from_another_publish_is_stale(world: World) -> None:
    _fill(world)
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
    _fill(world)
    plan = world.plan()
    _production(world, write=False)
    with pytest.raises(UsageError, match=r"writing to hubspot \(production\) is switched off.*CRM_WRITE=on"):
        world.apply(plan)
    assert (world.hubspot.calls, world.salesforce.calls) == (0, 0)


def test_production_is_named_before_the_first_write(world: World) -> None:
    _fill(world, 1, 0)
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
    _fill(world)
    plan = world.plan()
    world.hubspot.org_id = "1"
    with pytest.raises(UsageError, match="made for HubSpot 48290173, the connection leads to 1"):
        world.apply(plan)
    assert world.hubspot.writes == []
    assert world.salesforce.writes == [], "every other end is asked before anything is written"


def test_a_vendor_that_does_not_answer_leaves_the_other_alone(world: World) -> None:
    _fill(world, 2, 2)
    world.salesforce.faults = ["down"]
    done = world.apply(world.plan())
    assert done.syncs["leads"].stopped == "Salesforce did not answer."
    assert done.syncs["contacts"].records == 2
    assert done.notes == ("stopped: Salesforce did not answer.",)


def test_a_second_apply_leaves_by_name_while_one_is_writing(world: World) -> None:
    _fill(world)
    plan = world.plan()
    with only_one(world.settings.home / "apply.lock", "run first", world.state):
        with pytest.raises(Locked, match=r"by run first \(pid \d+, since "):
            world.apply(plan)


def test_an_empty_plan_makes_no_call(world: World) -> None:
    world.publish()
    assert world.apply(world.plan()).counts["calls"] == 0
    assert world.hubspot.calls == 0


def test_what_was_agreed_is_dated_after_the_write_by_the_vendor_s_clock(world: World) -> None:
    _fill(world, 1, 0)
    world.apply(world.plan())
    with world.state.reading() as connection:
        rows = agreed.since(connection, None)
    assert [row.agreed_at > world.hubspot.now for row in rows] == [True, True]


def test_samples_show_what_was_written(world: World) -> None:
    _fill(world, 5, 1)
    samples = world.apply(world.plan()).samples
    assert [(s.sync, s.record_id) for s in samples] == [
        ("contacts", "0"), ("contacts", "1"), ("contacts", "2"), ("leads", "0"),
    ]  # fmt: skip
    change: Any = samples[1].fields["score"]
    assert (change.before, change.after, change.rule) == (None, "1", "lead_score.yml")


def test_the_latest_plan_is_the_one_made_last(world: World) -> None:
    _fill(world)
    world.plan()
    world.publish({"1": {"score": 5}}, publish_id="p2")
    last = world.plan("run2")
    assert planfile.latest(world.settings.paths.plans) == last.path
