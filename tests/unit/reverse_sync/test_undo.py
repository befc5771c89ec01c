"""Undo: what a run wrote is as before, field by field, except what others changed and what is final."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest

from pipelines.errors import UsageError
from pipelines.reverse_sync import planfile, undo
from pipelines.reverse_sync.undo import Undoing
from pipelines.run import Run
from pipelines.state import dead_letters

from .conftest import NOON, World, group_leads
from .post import Outbox, Post


def _undo(world: World, of_run: str = "run1") -> Undoing:
    return undo.make(
        of_run,
        world.warehouse,
        world.state,
        world.settings,
        Run("back"),
        open_destination=world.open_destination,
    )


@pytest.fixture
def written(world: World) -> tuple[World, dict[str, dict[str, object]]]:
    """A run that filled, overwrote and left alone; and what HubSpot held before it."""
    world.hubspot.records = {"1": {"source": "organic"}, "2": {"score": "7", "source": "paid"}, "3": {}}
    before = copy.deepcopy(world.hubspot.records)
    world.publish({str(n): {"score": 40 + n, "source": "paid"} for n in (1, 2, 3)})
    world.apply(world.plan())
    return world, before


def test_undo_restores_every_field(written: tuple[World, dict[str, dict[str, object]]]) -> None:
    world, before = written
    made = _undo(world)
    assert made.fields == {"score": 3, "source": 2}
    calls = world.hubspot.calls
    done = world.apply_file(made.path, "back")
    assert (done.confirmed, done.rejected, done.held) == (5, 0, 0)
    now = {i: {k: v for k, v in row.items() if v is not None} for i, row in world.hubspot.records.items()}
    assert now == before
    assert world.hubspot.calls - calls == made.calls + 1  # who is there


def test_an_undo_knows_no_parents_and_says_so_to_whoever_overlaps_calls(world: World) -> None:
    asked: list[bool] = []

    def side_by_side(object_name: str, records: int, *, grouped: bool) -> int:
        asked.append(grouped)
        return 1

    world.salesforce.side_by_side = side_by_side  # type: ignore[method-assign]
    world.salesforce.records = {"1": {}, "2": {}}
    extra = group_leads(world, {"1": "a", "2": "a"})
    world.publish(None, {"1": {"Score__c": 1.0}, "2": {"Score__c": 2.0}}, extra=extra)
    world.apply(world.plan())
    assert world.apply_file(_undo(world).path, "back").confirmed == 2
    assert asked == [True, False]


def test_what_others_changed_since_is_left_alone(written: tuple[World, dict[str, dict[str, object]]]) -> None:
    world, _ = written
    world.hubspot.records["1"]["score"] = "99"
    del world.hubspot.records["3"]
    made = _undo(world)
    reasons = {(held.record_id, held.reason) for held in made.held}
    assert reasons == {
        ("1", "score: others changed it since"),
        ("3", "score: the record is gone"), ("3", "source: the record is gone"),
    }  # fmt: skip
    world.apply_file(made.path, "back")
    assert world.hubspot.records["1"] == {"score": "99", "source": "organic"}


def test_what_was_taken_back_is_not_written_again_until_it_is_released(
    written: tuple[World, dict[str, dict[str, object]]],
) -> None:
    world, _ = written
    world.apply_file(_undo(world).path, "back")
    plan = world.plan("run2")
    assert plan.is_empty
    assert {held.record_id for held in plan.held} == {"1", "2", "3"}
    assert _undo(world, "back").fields == {"score": 3, "source": 2}  # an undo can be undone
    with world.state.writing() as connection:
        dead_letters.release(connection, NOON)
    assert world.plan("run3").records == 3


def test_an_undone_run_has_nothing_left_to_undo(written: tuple[World, dict[str, dict[str, object]]]) -> None:
    world, _ = written
    world.apply_file(_undo(world).path, "back")
    again = _undo(world)
    assert again.is_empty
    assert {held.reason.split(": ")[1] for held in again.held} == {"it holds again what it held before"}


def test_opt_outs_are_listed_and_never_taken_back(world: World) -> None:
    config = world.settings.config_dir / "syncs.yml"
    config.write_text(
        config.read_text().replace("object: contacts\n", "object: contacts\n    consent: true\n")
    )
    world.hubspot.records = {"1": {}}
    world.publish({"1": {"score": 1}})
    world.apply(world.plan())
    made = _undo(world)
    assert made.is_empty
    assert made.final == ["hubspot:48290173:contacts:1: an opt-out is never taken back"]


def test_a_run_that_wrote_nothing_is_named(world: World) -> None:
    with pytest.raises(UsageError, match="no run never wrote anything"):
        _undo(world, "never")


def test_what_actions_made_is_removed_and_final_ones_are_listed(world: World) -> None:
    post = Post(world, Outbox())
    post.outbox.there = {"t"}
    post.publish(
        {"action_key": "a"}, {"action_key": "b", "needs": "a"}, {"action_key": "s", "kind": "shout"},
        {"action_key": "t"},
    )  # fmt: skip
    post.apply(post.plan())
    made = _undo(world)
    assert made.actions == {"pigeon letter": 2}
    assert planfile.read_header(made.path)["actions"] == {"handoff": {"kinds": {"undo": 2}}}
    assert made.final == ["shout s: nothing takes it back"]
    assert [(h.record_id, h.reason) for h in made.held] == [("t", f"letter: {undo.NOT_OURS}")]
    done = post.apply_file(made.path, "back")
    assert (done.confirmed, done.is_partial) == (2, False)
    assert post.outbox.removed == ["id-b", "id-a"]
    assert post.apply_file(made.path, "back2").confirmed == 0
    assert post.outbox.removed == ["id-b", "id-a"]
    assert post.plan("run2").is_empty
    again = _undo(world)
    assert again.is_empty
    assert {h.reason for h in again.held if h.record_id != "t"} == {f"letter: {undo.UNDONE_BEFORE}"}


def test_what_was_removed_is_done_again_once_it_is_released_and_can_be_removed_again(world: World) -> None:
    post = Post(world, Outbox())
    post.publish({"action_key": "a"})
    post.apply(post.plan())
    post.apply_file(_undo(world).path, "back")
    assert post.plan("run2").is_empty
    with world.state.writing() as connection:
        assert dead_letters.release(connection, NOON) == 1
    assert post.apply(post.plan("run3"), "run3").confirmed == 1
    assert post.outbox.sent == ["a"]
    post.apply_file(_undo(world, "run3").path, "back3")
    assert post.outbox.removed == ["id-a", "id-a"]


def test_what_cannot_be_taken_back_now_is_held_and_the_rest_goes_on(
    written: tuple[World, dict[str, dict[str, object]]],
) -> None:
    world, _ = written
    world.salesforce.records = {"1": {}}
    world.publish({}, {"1": {"Score__c": 1.0}}, publish_id="p2")
    world.apply(world.plan("run2"))  # of the same run
    world.publish({"3": {"source": "organic"}}, publish_id="p3")
    world.apply(world.plan("run3"), "run3")
    world.settings = replace(world.settings, salesforce=None)
    config = world.settings.config_dir / "syncs.yml"
    lines = config.read_text().splitlines(keepends=True)
    config.write_text("".join(line for line in lines if " score: " not in line))
    made = _undo(world)
    assert made.fields == {"source": 1}
    assert {h.reason for h in made.held} == {
        f"score: {undo.UNWRITTEN}", "Score__c: there is no connection to salesforce",
        "source: run run3 wrote it since",
    }  # fmt: skip
    assert world.apply_file(made.path, "back").held == 0


def test_an_undo_whose_answer_is_lost_is_sent_again(world: World) -> None:
    post = Post(world, Outbox())
    post.publish({"action_key": "a"})
    post.apply(post.plan())
    made = _undo(world)
    post.outbox.faults = ["lost after"]
    assert post.apply_file(made.path, "back").confirmed == 1
    assert post.outbox.removed == ["id-a"]
