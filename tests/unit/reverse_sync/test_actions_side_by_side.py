"""Actions of which several are under way at once: none before it is written down, and none twice."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import suppress

import pytest

from pipelines.crashpoints import Crashed
from pipelines.reverse_sync.actions import performing
from pipelines.reverse_sync.actions.side_by_side import OfItsRecord

from .conftest import ORGS
from .post import Letter, Outbox, Post


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
