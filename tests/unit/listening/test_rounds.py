"""Rounds of a listener: what sets one off, what a failed one owes, and how it is stopped."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cli import rounds, stopping
from cli.listen import Beside, Inbox, Worker
from pipelines.errors import CrmError
from pipelines.listening import Event
from pipelines.rules.events import EventRule, EventsFile
from pipelines.settings import PROJECT_ROOT, Settings

from .hooks import Short, deliver, event


def test_events_set_off_what_the_file_says_once_and_the_clocks_are_looked_at_in_any_case() -> None:
    done: list[str] = []
    file = EventsFile(events=(
        EventRule(on="contact.creation"),
        EventRule(on="deal.propertyChange", property="amount", do="job", name="j"),
    ))  # fmt: skip
    inbox = Inbox()
    worker = Worker(file, inbox, lambda rule: done.append(f"{rule.do} {rule.name}"), lambda _: None)
    deliver(inbox, [event(), event(objectId=8)])
    worker.once()
    assert done == ["decide "]
    done.clear()
    deliver(inbox, [event(subscriptionType="deal.propertyChange", propertyName="amount")])
    worker.once()
    assert done == ["job j", "decide "]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_is_told_to_stop_finishes_the_round_and_waits_for_nothing(number: int) -> None:
    """The next look is minutes away; the handlers that were there before are there again."""
    finished: list[str] = []
    inbox, stopped, before = Inbox(), threading.Event(), signal.getsignal(number)

    def act(rule: EventRule) -> None:
        os.kill(os.getpid(), number)
        finished.append(rule.do)

    worker = Worker(EventsFile(poll_every=timedelta(minutes=5)), inbox, act, lambda _: None)
    with stopping.asked_to(stopped, inbox.arrived.set):
        worker.until(stopped)
    assert finished == ["decide"]
    assert signal.getsignal(number) is before


def test_a_second_signal_ends_it_at_once() -> None:
    stopped = threading.Event()
    with stopping.asked_to(stopped, stopped.set):
        os.kill(os.getpid(), signal.SIGTERM)
        assert stopped.is_set()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)


def test_a_round_that_fails_is_said_and_the_next_one_goes_on() -> None:
    said: list[str] = []

    def fails(rule: EventRule) -> None:
        raise CrmError("HubSpot cannot be reached")

    worker = Worker(EventsFile(), Inbox(), fails, said.append)
    worker.once()
    worker.once()
    assert said == ["HubSpot cannot be reached."] * 2


def test_a_refresh_that_failed_is_tried_again_at_the_next_look() -> None:
    tried: list[str] = []

    def fails_once(rule: EventRule) -> None:
        tried.append(rule.do)
        if len(tried) == 1:
            raise CrmError("HubSpot cannot be reached")

    worker = Worker(EventsFile(), Inbox(), fails_once, lambda _: None, Short())
    for _ in range(3):
        worker.once()
    assert tried == ["decide", "decide"]


def test_a_refresh_that_goes_on_failing_is_tried_later_and_later() -> None:
    tried: list[float] = []
    clock = [0.0]

    def fails(rule: EventRule) -> None:
        tried.append(clock[0])
        raise CrmError("the gates let nothing pass")

    worker = Worker(EventsFile(), Inbox(), fails, lambda _: None, Short(), lambda: clock[0], refreshed=-400.0)
    while clock[0] < 1000:
        worker.once()
        clock[0] += 30
    assert tried == [0, 30, 60, 150, 360, 660, 960]


def test_what_came_is_not_lost_when_the_state_cannot_be_asked() -> None:
    class Blind(Short):
        def not_ours(self, events: Sequence[Event]) -> list[Event]:
            raise CrmError("the state cannot be read")

    said: list[str] = []
    done: list[str] = []
    inbox = Inbox()
    worker = Worker(EventsFile(), inbox, lambda rule: done.append(rule.do), said.append, Blind())
    deliver(inbox, [event()])
    worker.once()
    assert (said, done) == (["the state cannot be read."], ["decide"])


def test_a_round_that_failed_beside_is_owed_and_one_that_broke_ends_listening() -> None:
    errors: list[Exception] = [CrmError("HubSpot cannot be reached"), ZeroDivisionError()]
    said: list[str] = []
    begun = threading.Semaphore(0)

    def act(rule: EventRule) -> None:
        begun.release()
        raise errors.pop(0)

    beside = Beside()
    worker = Worker(
        EventsFile(), Inbox(), act, said.append, Short(), lambda: 300.0, refreshed=0.0, beside=beside
    )
    for _ in range(2):
        worker.once()
        assert begun.acquire(timeout=60)
        beside.finish()
    assert (said, errors) == (["HubSpot cannot be reached."], [])
    with pytest.raises(ZeroDivisionError):
        worker.once()


def test_everything_of_marketing_cloud_is_read_each_hour_and_after_something_was_written_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also what was written while it was read, what was erased, and until it lets us in."""
    start = datetime(2026, 3, 1, tzinfo=UTC)
    now, ahead = [start], timedelta(days=100)  # the vendor's clock is another one
    tracked, lets_in = list[bool](), [True]
    wrote, erased = [start + ahead - timedelta(days=1)], list[datetime]()
    monkeypatch.setattr("pipelines.state.runs.last_written_at", lambda *_: wrote[-1])
    monkeypatch.setattr("pipelines.state.erasures.last_at", lambda *_: erased[-1] if erased else None)
    act = rounds.Act(lambda: now[0])
    reached = {"marketing_cloud": start}
    loop: Any = SimpleNamespace(
        settings=Settings(home=Path(), config_dir=PROJECT_ROOT / "config"), tracked_only=False,
        state=SimpleNamespace(reading=nullcontext), refresh=lambda: tracked.append(loop.tracked_only),
        fetched=SimpleNamespace(reached=lambda vendor: reached[vendor] if lets_in[0] else None),
    )  # fmt: skip

    def refresh(minutes: float) -> bool:
        """Whether all was read."""
        now[0] = start + timedelta(minutes=minutes)
        reached["marketing_cloud"] = now[0] + ahead - timedelta(seconds=5)
        act.refresh(loop)
        return not tracked[-1]

    assert [refresh(5 * n) for n in range(14)] == [True, *[False] * 11, True, False]
    wrote.append(now[0] + ahead - timedelta(minutes=4, seconds=59))  # as the last one of all was under way
    assert refresh(70)
    assert not refresh(75)
    erased.append(now[0])
    assert refresh(80)  # rows may go for a while yet
    assert refresh(85)
    assert not refresh(95)
    lets_in[0] = False
    assert [refresh(minutes) for minutes in (150, 155)] == [True, True]
