"""What an apply writes, and what it says of it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from pipelines.clients.results import Outcomes
from pipelines.reverse_sync import planfile
from pipelines.reverse_sync.destinations.base import RecordWrite
from pipelines.state import agreed

from .conftest import ROUND, World, group_leads
from .filled import fill


def test_a_plan_is_written_and_each_field_confirmed(world: World) -> None:
    fill(world)
    done = world.apply(world.plan())
    assert done.counts == {
        "contacts": 7, "leads": 5, "confirmed": 24, "rejected": 0, "unknown": 0, "held": 0, "calls": 14,
    }  # fmt: skip
    assert not done.is_partial
    assert len(world.hubspot.writes) == 14
    assert world.salesforce.records["4"] == {"Score__c": "4", "Revenue__c": "10.50"}
    assert {row[2] for row in world.journal()} == {"confirmed"}


def test_the_calls_made_are_the_calls_forecast(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.reverse_sync.forecast.BATCH", {"hubspot": 3, "salesforce": 2})
    monkeypatch.setattr("pipelines.reverse_sync.forecast._READ_BACK", ROUND)
    fill(world)
    plan = world.plan()
    assert world.apply(plan).calls == plan.calls


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
    fill(world)
    world.apply(world.plan())
    assert world.plan("run2").is_empty


def test_only_the_fields_that_changed_are_sent(world: World) -> None:
    world.hubspot.records = {"1": {"score": "1", "source": "paid", "stage": "lead"}}
    world.publish({"1": {"score": 50, "source": "paid", "stage": "lead"}})
    world.apply(world.plan())
    assert world.hubspot.writes == [("1", "score", "1", "50")]


def test_a_limit_writes_so_many_records_of_each_sync_and_the_next_apply_goes_on(world: World) -> None:
    fill(world, 7, 5)
    plan = world.plan()
    first = world.apply(plan, limit=4)
    assert (first.syncs["contacts"].records, first.syncs["leads"].records) == (4, 4)
    second = world.apply(plan, run="run2", limit=4)
    assert (second.syncs["contacts"].records, second.syncs["leads"].records) == (3, 1)
    assert len(world.hubspot.writes) == 14


def test_an_empty_plan_makes_no_call(world: World) -> None:
    world.publish()
    assert world.apply(world.plan()).counts["calls"] == 0
    assert world.hubspot.calls == 0


def test_what_was_agreed_is_dated_after_the_write_by_the_vendor_s_clock(world: World) -> None:
    fill(world, 1, 0)
    world.apply(world.plan())
    with world.state.reading() as connection:
        rows = agreed.since(connection, None)
    assert [row.agreed_at > world.hubspot.now for row in rows] == [True, True]


def test_samples_show_what_was_written(world: World) -> None:
    fill(world, 5, 1)
    samples = world.apply(world.plan()).samples
    assert [(s.sync, s.record_id) for s in samples] == [
        ("contacts", "0"), ("contacts", "1"), ("contacts", "2"), ("leads", "0"),
    ]  # fmt: skip
    change: Any = samples[1].fields["score"]
    assert (change.before, change.after, change.rule) == (None, "1", "lead_score.yml")


def test_the_latest_plan_is_the_one_made_last(world: World) -> None:
    fill(world)
    world.plan()
    world.publish({"1": {"score": 5}}, publish_id="p2")
    last = world.plan("run2")
    assert planfile.latest(world.settings.paths.plans) == last.path
