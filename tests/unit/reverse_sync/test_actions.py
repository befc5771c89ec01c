"""Actions: what a plan takes up and holds back, and that each is done at most once whatever breaks."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cli import rounds
from pipelines.crashpoints import Crashed, armed
from pipelines.errors import ConfigError, CrmError
from pipelines.reverse_sync import planfile, recovery
from pipelines.reverse_sync.actions import performing
from pipelines.reverse_sync.actions.base import HELD
from pipelines.reverse_sync.actions.side_by_side import OfItsRecord
from pipelines.reverse_sync.lock import only_one
from pipelines.reverse_sync.results import ApplyResult
from pipelines.state import dead_letters

from .conftest import NOON, ORGS, World
from .post import Letter, Outbox, Post


@pytest.fixture
def post(world: World) -> Post:
    return Post(world, Outbox())


def test_a_plan_shows_actions_beside_fields_and_apply_does_each_once(post: Post) -> None:
    post.publish({"action_key": "a", "person_id": "person 1"}, {"action_key": "b"}, {"action_key": "c"})
    plan = post.plan()
    assert plan.actions["handoff"].kinds == {"pigeon letter": 3}
    assert plan.actions["handoff"].reversibility == {"compensable": 3}
    (first, *_) = planfile.read_actions(plan.path)
    assert (first["operation"], first["reason"]) == ("letter", "an MQL without a call")
    done = post.apply(plan)
    assert (done.confirmed, done.is_partial, done.syncs["handoff"].records) == (3, False, 3)
    assert post.outbox.sent == ["a", "b", "c"]
    assert post.outbox.calls == plan.actions["handoff"].calls == 2
    assert post.states()["a"] == ("confirmed", "id-a")
    again = post.plan("run2")
    assert again.is_empty
    assert again.actions["handoff"].done == 3


def test_a_plan_that_is_applied_twice_does_nothing_twice(post: Post) -> None:
    post.publish({"action_key": "a"})
    plan = post.plan()
    post.apply(plan)
    again = post.apply(plan, "run2")
    assert (post.outbox.sent, again.syncs, again.is_partial) == (["a"], {}, False)


def test_what_an_action_needs_is_done_before_it_and_named_to_it(post: Post) -> None:
    post.publish(
        {"action_key": "a", "needs": "z"},
        {"action_key": "z"},
        {"action_key": "lost", "needs": "nowhere"},
    )
    plan = post.plan()
    assert post.reasons(plan) == {"lost": "it needs nowhere, which is not done"}
    post.apply(plan)
    assert post.outbox.sent == ["z", "a"]
    assert post.outbox.hung_on == {"a": "id-z"}


def test_what_needs_a_rejected_action_is_held_and_both_are_done_once_the_cause_is_mended(post: Post) -> None:
    post.publish({"action_key": "a", "needs": "z"}, {"action_key": "z"})
    post.outbox.refused = {"z": "NO_SUCH_PERSON"}
    done = post.apply(post.plan())
    assert (done.rejected, done.held) == (1, 1)
    assert post.states() == {"z": ("rejected", "")}
    reasons = post.reasons(post.plan("run2"))
    assert reasons["z"] == "it was rejected before (NO_SUCH_PERSON); mend the cause, then crm retry"
    assert reasons["a"] == "it needs z, which is not done"
    post.outbox.refused = {}
    with post.world.state.writing() as state:
        dead_letters.release(state, NOON)
    post.apply(post.plan("run3"), "run3")
    assert post.outbox.sent == ["z", "a"]
    assert post.plan("run4").is_empty


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"kind": "dance"}, "nothing here does dance at pigeon"),
        ({"payload": "not json"}, "its payload is no JSON object"),
        ({"payload": {"text": ""}}, "a letter needs a text"),
        ({"reversibility": "maybe"}, "its reversibility is 'maybe', which is none"),
        ({"record_key": "hubspot"}, "its record key 'hubspot' is none"),
    ],
)
def test_an_action_that_cannot_be_done_is_held_with_its_reason(
    post: Post, row: dict[str, Any], reason: str
) -> None:
    post.publish({"action_key": "a", **row})
    plan = post.plan()
    assert post.reasons(plan) == {"a": reason}
    assert plan.is_empty


def test_two_actions_of_one_key_are_both_held(post: Post) -> None:
    post.publish({"action_key": "a"}, {"action_key": "a"})
    assert post.reasons(post.plan()) == {"a": "its action_key is there twice"}


def test_an_action_waits_until_it_is_due(post: Post) -> None:
    post.publish({"action_key": "a", "due_at": "2026-06-30T12:00:01Z"})
    plan = post.plan()
    assert (plan.to_do, plan.actions["handoff"].waiting) == (0, 1)


def test_a_table_that_lacks_a_column_is_named(post: Post) -> None:
    made = "create table decisions.actions_short as select 'a' as action_key"
    post.world.publish(extra=["create schema if not exists decisions", made])
    with pytest.raises(
        ConfigError, match=r"decisions.actions_short lacks the columns of actions: sync, kind"
    ):
        post.plan()


@pytest.mark.parametrize("guard", ["kinds: {letter: 1}", "per_run: 1"])
def test_more_actions_of_a_kind_than_the_guard_allows_stop_the_plan(post: Post, guard: str) -> None:
    config = post.world.settings.config_dir / "syncs.yml"
    config.write_text(config.read_text().replace("blanks: 0}", f"blanks: 0, actions: {{{guard}}}}}"))
    post.publish({"action_key": "a"}, {"action_key": "b"})
    plan = post.plan()
    assert plan.stopped == ("the plan has 2 actions of the kind letter (the guard allows 1)",)
    with pytest.raises(CrmError, match="stopped by a guard"):
        post.apply(plan)
    assert post.outbox.sent == []
    post.apply(plan, force=True)
    assert post.outbox.sent == ["a", "b"]


def test_a_person_gets_so_many_a_day_and_the_rest_waits(post: Post) -> None:
    config = post.world.settings.config_dir / "syncs.yml"
    config.write_text(
        config.read_text().replace("blanks: 0}", "blanks: 0, actions: {per_person_per_day: 2}}")
    )
    of_one = [{"action_key": key, "person_id": "p"} for key in ("a", "b", "c")]
    post.publish(*of_one[:1], {"action_key": "x", "person_id": "q"})
    post.apply(post.plan())
    post.publish(*of_one, {"action_key": "y", "person_id": "q"}, publish_id="p2")
    plan = post.plan("run2")
    assert post.reasons(plan) == {"c": "this person has had 2 of these in a day; it waits for another"}
    assert sorted(line["action_key"] for line in planfile.read_actions(plan.path)) == ["b", "y"]


def test_messages_about_a_person_have_a_limit_of_their_own(post: Post) -> None:
    config = post.world.settings.config_dir / "syncs.yml"
    limits = "blanks: 0, actions: {per_person_per_day: 1, messages_per_person_per_day: 2}}"
    config.write_text(config.read_text().replace("blanks: 0}", limits))
    told = [{"action_key": key, "person_id": "p", "kind": "message"} for key in ("m1", "m2", "m3")]
    post.publish({"action_key": "a", "person_id": "p"}, *told)
    plan = post.plan()
    assert post.reasons(plan) == {"m3": "this person has had 2 of these in a day; it waits for another"}


def test_limit_takes_so_many_actions_of_each_sync(post: Post) -> None:
    post.publish({"action_key": "a"}, {"action_key": "b"}, {"action_key": "c", "sync": "other"})
    post.apply(post.plan(), limit=1)
    assert sorted(post.outbox.sent) == ["a", "c"]


@pytest.mark.parametrize(("refused", "pieces"), [({}, [2, 4, 5]), ({"a": "NO_SUCH_PERSON"}, [1, 2, 3, 4, 4])])
def test_a_round_writes_a_piece_at_a_time_lets_others_write_between_and_leaves_nothing(
    post: Post, monkeypatch: pytest.MonkeyPatch, refused: dict[str, str], pieces: list[int]
) -> None:
    monkeypatch.setattr(rounds, "AT_ONCE", 2)
    post.outbox.refused = refused
    post.publish(*({"action_key": key} for key in "abcde"), {"action_key": "done first", "sync": "other"})
    plan, after = post.plan(), list[int]()

    class InPieces:
        def apply(self, path: Path, *, only: Sequence[str], limit: int) -> ApplyResult:
            with only_one(post.world.settings.home / "apply.lock", "a form", post.world.state):
                pass  # raises while another holds it
            done = post.apply_file(path, "run1", only=only, limit=limit)
            after.append(len({*post.outbox.sent} - {"done first"}))
            return done

    rounds._apply(InPieces(), plan, ["handoff", "other"])  # type: ignore[arg-type]
    assert after == pieces
    assert sorted(post.outbox.sent) == sorted({*"abcde", "done first"} - {*refused})


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


def test_an_action_of_an_erased_person_is_not_planned(post: Post) -> None:
    key = f"hubspot:{ORGS['hubspot']}:contacts:7"
    from pipelines.state import suppression

    with post.world.state.writing() as connection:
        suppression.add(
            connection, post.world.settings.paths.suppression_key, emails=["ann@x.org"], record_keys=[key],
            erasure_id="e",
        )  # fmt: skip
    post.publish(
        {"action_key": "a", "record_key": key},
        {"action_key": "b", "payload": {"text": "x", "to": "Ann@x.org"}},
        {"action_key": "c"},
    )
    plan = post.plan()
    assert set(post.reasons(plan)) == {"a", "b"}
    assert plan.to_do == 1


@pytest.fixture
def many(post: Post, monkeypatch: pytest.MonkeyPatch) -> Post:
    """Letters of two go four at a time; those about one record do not."""
    monkeypatch.setattr(Letter, "at_once", 4, raising=False)
    monkeypatch.setattr(Letter, "apart", staticmethod(OfItsRecord.apart), raising=False)
    return post


def test_batches_overlap_and_none_begins_before_it_is_written_down(many: Post) -> None:
    outbox, written = many.outbox, []
    together = threading.Barrier(4, timeout=30)

    def called() -> str:
        with many.world.state.reading() as connection:
            written.append(
                connection.exec_driver_sql("select count(*) from journal where state = 'sent'").scalar()
            )
        together.wait()  # passes only with four calls under way
        return Outbox.called(outbox)

    many.publish(*({"action_key": f"k{n}"} for n in range(8)))
    outbox.called = called  # type: ignore[method-assign]
    done = many.apply(many.plan())
    assert (done.confirmed, sorted(outbox.sent)) == (8, [f"k{n}" for n in range(8)])
    assert all(some >= 2 for some in written), "a call was made before its own batch was marked as sent"


def test_calls_about_one_record_never_overlap_and_keep_their_order(many: Post) -> None:
    key = f"hubspot:{ORGS['hubspot']}:contacts:7"
    going, most = set(), []
    outbox = many.outbox

    def called() -> str:
        going.add(threading.get_ident())
        most.append(len(going))
        time.sleep(0.02)  # long enough for another to be seen
        fault = Outbox.called(outbox)
        going.discard(threading.get_ident())
        return fault

    many.publish(*({"action_key": f"k{n}", "record_key": key} for n in range(8)))
    outbox.called = called  # type: ignore[method-assign]
    assert many.apply(many.plan()).confirmed == 8
    assert (max(most), outbox.sent) == (1, [f"k{n}" for n in range(8)])


def test_what_is_under_way_beside_a_call_that_fails_is_settled_and_nothing_more_is_begun(many: Post) -> None:
    many.publish(*({"action_key": f"k{n:02}"} for n in range(40)))
    many.outbox.faults = ["down"]
    done = many.apply(many.plan())
    assert done.syncs["handoff"].stopped == "no answer."
    states = Counter(state for state, _ in many.states().values())
    assert set(states) == {"confirmed", "intended"}
    assert len(many.outbox.sent) == states["confirmed"]
    many.apply(many.plan("run2"), "run2")
    assert sorted(many.outbox.sent) == [f"k{n:02}" for n in range(40)], "each once"


@pytest.mark.parametrize("name", performing.CRASHPOINTS)
def test_killed_with_batches_under_way_each_is_settled_and_done_once(
    many: Post, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """All threads die with the first: whatever they would write down or send after it does not happen."""
    outbox, together = many.outbox, threading.Barrier(4, timeout=30)
    dead, reached, lock = threading.Event(), Counter[str](), threading.Lock()
    nth = 4 if name in ("action.intended", "action.sent") else 1

    def crashpoint(place: str) -> None:
        with lock:
            reached[place] += 1
            if dead.is_set() or (place, reached[place]) == (name, nth):
                dead.set()
                together.abort()
        if dead.is_set():
            raise Crashed(place)

    def called() -> str:
        with suppress(threading.BrokenBarrierError):
            together.wait()
        if dead.is_set():
            raise Crashed("on the way")
        return Outbox.called(outbox)

    keys = [f"k{n:02}" for n in range(16)]
    many.publish(*({"action_key": key} for key in keys))
    outbox.faults = ["lost after"] * 4 if name == "action.lost" else []
    plan = many.plan()
    with monkeypatch.context() as patch:
        patch.setattr(performing, "crashpoint", crashpoint)
        patch.setattr(outbox, "called", called)
        with pytest.raises(Crashed):
            many.apply(plan)
    outbox.faults = []
    if name != "action.settled":  # others may have got as far as the first
        left = [key for key, settled_at in many.world.journal("action_key, settled_at") if settled_at is None]
        assert len(left) >= 6, "three batches at least were under way"
    many.recover()
    many.apply(many.plan("run2"), "run2")
    assert sorted(outbox.sent) == keys, "each once"
    assert {state for state, _ in many.states().values()} == {"confirmed"}


def test_calls_that_trouble_makes_necessary_are_counted_apart_from_those_that_were_told(post: Post) -> None:
    post.publish({"action_key": "a"}, {"action_key": "b"}, {"action_key": "c"})
    post.outbox.faults = ["malformed", "", "", "lost before"]
    plan = post.plan()
    done = post.apply(plan)
    assert (done.confirmed, done.calls - done.repair) == (3, plan.calls)
    assert done.repair == 5, "two halves, two looks for what was lost, and that sent again"
