"""Actions whose answer was lost, or whose apply was killed: each is done at most once."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from pipelines.crashpoints import Crashed, armed
from pipelines.reverse_sync import recovery
from pipelines.reverse_sync.actions import performing
from pipelines.reverse_sync.actions.base import HELD
from pipelines.state import dead_letters

from .conftest import NOON
from .post import Post


def test_an_answer_that_is_lost_after_it_arrived_is_looked_for_and_not_sent_again(post: Post) -> None:
    post.publish({"action_key": "a"})
    post.outbox.faults = ["lost after"]
    done = post.apply(post.plan())
    assert (done.confirmed, post.outbox.sent, post.outbox.paused) == (1, ["a"], [])
    assert post.states() == {"a": ("confirmed", "id-a")}


def test_what_a_vendor_shows_late_is_looked_for_again_after_its_lag(post: Post) -> None:
    post.publish({"action_key": "a"})
    post.outbox.faults, post.outbox.unseen = ["lost after"], {"a"}
    post.apply(post.plan())
    assert (post.outbox.sent, post.outbox.paused) == (["a"], [60.0])


@pytest.mark.parametrize("fault", ["lost before", "locked"])
def test_what_comes_to_nothing_each_time_is_said_and_tried_by_the_next_plan(post: Post, fault: str) -> None:
    post.publish({"action_key": "a"})
    if fault == "locked":
        post.outbox.refused = {"a": "UNABLE_TO_LOCK_ROW"}
    else:
        post.outbox.faults = [fault, "", ""] * 3  # sent, looked for twice
    done = post.apply(post.plan())
    assert (done.confirmed, done.rejected, done.is_partial) == (0, 1, True)
    with post.world.state.reading() as connection:
        (letter,) = dead_letters.unreleased(connection)
    assert (letter["category"], letter["action_key"], letter["attempts"]) == ("retry", "a", 1)
    post.outbox.refused = {}
    assert post.apply(post.plan("run2"), "run2").confirmed == 1
    with post.world.state.reading() as connection:
        assert dead_letters.unreleased(connection) == []


def test_an_action_that_three_plans_have_tried_in_vain_waits_until_it_is_released(post: Post) -> None:
    post.publish({"action_key": "a"})
    post.outbox.refused = {"a": "UNABLE_TO_LOCK_ROW"}
    for run in ("run1", "run2", "run3"):
        post.apply(post.plan(run), run)
    plan = post.plan("run4")
    assert (plan.is_empty, plan.held[0].reason[:12]) == (True, "3 plans have")
    with post.world.state.writing() as connection:
        dead_letters.release(connection, NOON)
    assert post.plan("run5").actions["handoff"].kinds == {"pigeon letter": 1}
    post.apply(post.plan("run6"), "run6")
    with post.world.state.reading() as connection:
        assert dead_letters.unreleased(connection)[0]["attempts"] == 1


def test_what_never_arrived_is_sent_again(post: Post) -> None:
    post.publish({"action_key": "a"})
    post.outbox.faults = ["lost before"]
    done = post.apply(post.plan())
    assert (done.confirmed, post.outbox.sent, post.outbox.paused) == (1, ["a"], [60.0])


def test_what_cannot_be_looked_for_stays_unknown_and_is_never_sent_again(post: Post) -> None:
    post.publish({"action_key": "a", "kind": "shout"})
    post.outbox.faults = ["lost after"]
    done = post.apply(post.plan())
    assert (done.unknown, done.is_partial) == (1, True)
    assert not recovery.is_due(post.world.state)
    plan = post.plan("run2")
    assert plan.is_empty
    assert post.reasons(plan)["a"].startswith("nobody knows whether it was done")
    assert post.outbox.sent == ["a"]


def test_a_batch_that_is_rejected_as_a_whole_fails_where_the_bad_action_is(post: Post) -> None:
    post.publish({"action_key": "a"}, {"action_key": "b"})
    post.outbox.faults = ["malformed", "malformed"]
    done = post.apply(post.plan())
    assert (done.confirmed, done.rejected) == (1, 1)
    assert post.states() == {"a": ("rejected", ""), "b": ("confirmed", "id-b")}


def test_what_its_handler_holds_back_waits_and_is_done_when_the_reason_has_passed(post: Post) -> None:
    """Its neighbours go, nothing is rejected, and the next plan takes it up again."""
    post.publish({"action_key": "a1"}, {"action_key": "a2"}, {"action_key": "a3"})
    post.outbox.refused = {"a2": HELD}
    done = post.apply(post.plan())
    assert post.outbox.sent == ["a1", "a3"]
    assert done.rejected == 0
    assert done.is_partial
    assert done.syncs["handoff"].held == {"no": 1}
    post.outbox.refused = {}
    post.apply(post.plan("run2"), "run2")
    assert post.outbox.sent == ["a1", "a3", "a2"]


def test_a_vendor_that_is_down_stops_and_its_actions_are_planned_again(post: Post) -> None:
    post.publish({"action_key": "a"}, {"action_key": "b"}, {"action_key": "c"})
    post.outbox.faults = ["", "down"]
    done = post.apply(post.plan())
    assert done.syncs["handoff"].stopped == "no answer."
    assert post.states() == {
        "a": ("confirmed", "id-a"),
        "b": ("confirmed", "id-b"),
        "c": ("intended", ""),
    }
    post.apply(post.plan("run2"), "run2")
    assert post.outbox.sent == ["a", "b", "c"]


@pytest.mark.parametrize("fault", ["", "lost after", "lost before"])
@pytest.mark.parametrize("name", performing.CRASHPOINTS)
def test_killed_at_any_place_each_action_is_done_exactly_once(post: Post, name: str, fault: str) -> None:
    post.publish(*({"action_key": key} for key in "abc"))
    post.outbox.faults = [fault] if fault else []
    plan = post.plan()
    try:
        with armed(name):
            post.apply(plan)
    except Crashed:
        post.recover()
    post.apply(post.plan("run2"), "run2")
    assert sorted(post.outbox.sent) == ["a", "b", "c"]
    assert {state for state, _ in post.states().values()} == {"confirmed"}
    assert post.plan("run3").is_empty


def test_recovering_waits_no_longer_than_the_vendor_s_lag_still_asks_for(post: Post) -> None:
    post.publish({"action_key": "a"})
    post.outbox.faults = ["lost before"]
    with pytest.raises(Crashed), armed("action.lost"):
        post.apply(post.plan())
    post.outbox.now += timedelta(seconds=40)
    assert post.recover().not_stored == 1
    (waited,) = post.outbox.paused
    assert 10 < waited < 20
    assert json.loads(post.world.journal("after_value")[0][0]) == {"text": "hello"}


def test_calls_that_trouble_makes_necessary_are_counted_apart_from_those_that_were_told(post: Post) -> None:
    post.publish({"action_key": "a"}, {"action_key": "b"}, {"action_key": "c"})
    post.outbox.faults = ["malformed", "", "", "lost before"]
    plan = post.plan()
    done = post.apply(plan)
    assert (done.confirmed, done.calls - done.repair) == (3, plan.calls)
    assert done.repair == 5, "two halves, two looks for what was lost, and that sent again"
