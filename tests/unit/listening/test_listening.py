"""HubSpot's webhooks: genuine and fresh ones are taken, each event once, in whatever order they come."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import signal
import threading
from collections.abc import Collection, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from cli import rounds, stopping, waiting
from cli.listen import Beside, Inbox, Worker, application
from cli.rounds import Prompt
from pipelines.clients.hubspot.pages import Page
from pipelines.connections import HubSpotConnection, Secret
from pipelines.errors import CrmError, UsageError
from pipelines.listening import Entry, Event, Named
from pipelines.rules.events import EventRule, EventsFile
from pipelines.settings import PROJECT_ROOT, Settings, load_settings
from pipelines.sources.again import Again

NOW = 1_780_000_000_000
URL = "https://crm.example/hooks"
PATH = "/hubspot"


def settings(secret: str = "s3cret") -> Settings:
    hubspot = HubSpotConnection(
        url="http://127.0.0.1:1", token=Secret("t"), environment="sandbox", client_secret=Secret(secret)
    )
    return Settings(home=Path("unused"), config_dir=Path("unused"), hubspot=hubspot)


def event(**changed: Any) -> dict[str, Any]:
    return {"eventId": 1, "subscriptionType": "contact.creation", "objectId": 7, "occurredAt": NOW - 50,
            "attemptNumber": 0, **changed}  # fmt: skip


def signed(body: bytes, at: int = NOW, secret: str = "s3cret") -> dict[str, str]:
    text = b"POST" + (URL + PATH).encode() + body + str(at).encode()
    mark = base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()
    return {"X-HubSpot-Signature-v3": mark, "X-HubSpot-Request-Timestamp": str(at)}


def deliver(inbox: Inbox, events: Any, **how: Any) -> int:
    body = orjson.dumps(events)
    with TestClient(application(settings(), inbox, URL, lambda: NOW)) as client:
        return client.post(PATH, content=body, headers=signed(body, **how)).status_code


def test_a_delivery_that_is_signed_and_fresh_is_taken_and_three_times_the_same_is_once() -> None:
    inbox = Inbox()
    for attempt in range(3):
        assert deliver(inbox, [event(attemptNumber=attempt, eventId=attempt)]) == 200
    assert [each.object_id for each in inbox.take_out()] == ["7"]
    assert inbox.take_out() == []


@pytest.mark.parametrize("how", [{"at": NOW - 300_001}, {"at": NOW + 300_001}, {"secret": "other"}])
def test_a_stale_or_foreign_delivery_is_refused_and_nothing_of_it_kept(how: dict[str, Any]) -> None:
    inbox = Inbox()
    assert deliver(inbox, [event()], **how) == 401
    assert inbox.take_out() == []


@pytest.mark.parametrize("body", [{"no": "list"}, ["no", "events"]])
def test_a_delivery_that_is_no_list_of_events_is_refused(body: Any) -> None:
    assert deliver(Inbox(), body) == 400


def test_without_the_app_s_secret_there_is_no_server() -> None:
    with pytest.raises(UsageError, match="HUBSPOT_CLIENT_SECRET is not set"):
        application(settings(""), Inbox(), URL, lambda: NOW)


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


class Short:
    """Sees to people; what it finds when it looks is set by the test."""

    def __init__(self, found: list[Named] | None = None, *, done: bool = True, fails: bool = False) -> None:
        self.found, self.done, self.fails = found or [], done, fails
        self.acted: list[list[str]] = []
        self.entered: list[tuple[str, str]] = []
        self.published = False
        self.is_ready = threading.Event()

    def has_published(self) -> bool:
        return self.published

    def get_ready(self) -> None:
        self.is_ready.set()

    def not_ours(self, events: Sequence[Event]) -> list[Event]:
        return list(events)

    def look(self) -> list[Named]:
        return self.found

    def act(self, named: Collection[Named], entries: Sequence[Entry] = ()) -> bool:
        if self.fails:
            raise CrmError("Salesforce cannot be reached")
        self.entered += [(each.named.record_id, each.journey) for each in entries]
        self.acted.append([each.record_id for each in named])
        return self.done


def rounds_of(short: Short, *events: dict[str, Any], at: float = 10.0) -> tuple[int, list[str]]:
    """How many rounds over everything there were, and what was said."""
    done: list[str] = []
    said: list[str] = []
    inbox = Inbox()
    worker = Worker(
        EventsFile(), inbox, lambda rule: done.append(rule.do), said.append, short, lambda: at, refreshed=0.0
    )
    if events:
        deliver(inbox, list(events))
    worker.once()
    return len(done), said


def test_an_event_brings_a_person_into_a_journey_once_also_when_the_first_round_fails() -> None:
    journey = EventRule(on="contact.propertyChange", property="plan", do="journey", name="welcome")
    short, inbox = Short(fails=True), Inbox()
    worker = Worker(
        EventsFile(events=(journey,)), inbox, lambda rule: None, lambda _: None, short, lambda: 10.0,
        refreshed=0.0,
    )  # fmt: skip
    changed = {"subscriptionType": "contact.propertyChange", "propertyName": "plan"}
    others = ({"propertyName": "city"}, {"subscriptionType": "deal.propertyChange"},
              {"subscriptionType": "contact.deletion"})  # fmt: skip
    deliver(inbox, [event(**changed), event(**changed), *(event(**{**changed, **each}) for each in others)])
    worker.once()
    short.fails = False
    for _ in range(2):
        worker.once()
    assert short.entered == [("7", "welcome")]


def test_entries_of_more_people_than_a_round_takes_come_in_turn() -> None:
    class Few(Short):
        def act(self, named: Collection[Named], entries: Sequence[Entry] = ()) -> bool:
            return len(named) <= 100 and super().act(named, entries)

    file = EventsFile(events=(EventRule(on="contact.creation", do="journey", name="welcome"),))
    short, inbox = Few(), Inbox()
    worker = Worker(file, inbox, lambda rule: None, print, short, lambda: 10.0, refreshed=0.0)
    deliver(inbox, [event(objectId=number) for number in range(1, 102)])
    for _ in range(5):
        worker.once()
    assert sorted(int(contact) for contact, _ in short.entered) == list(range(1, 102))


def test_an_entry_that_waits_outlives_the_process_and_is_settled_once_it_is_seen_to(tmp_path: Path) -> None:
    """Each `begin` is a process; the one before died without a word, once before its first round, once after
    a round that failed."""
    own = load_settings({"CRM_HOME": str(tmp_path)}, vendors=False)
    file = EventsFile(events=(EventRule(on="contact.creation", do="journey", name="welcome"),))

    def begin(short: Short) -> tuple[Inbox, Worker]:
        kept = waiting.Kept(own, file)
        inbox = Inbox(kept.keep)
        worker = Worker(file, inbox, lambda rule: None, print, short, lambda: 10.0, refreshed=0.0, kept=kept)
        return inbox, worker

    inbox, _ = begin(Short())
    assert deliver(inbox, [event(), event(objectId=8)]) == 200
    _, worker = begin(Short(fails=True))
    worker.once()
    short = Short()
    inbox, worker = begin(short)
    worker.once()
    assert short.entered == [("7", "welcome"), ("8", "welcome")]
    assert deliver(inbox, [event(objectId=9)]) == 200
    short.not_ours = lambda events: []  # type: ignore[method-assign]
    worker.once()
    assert waiting.Kept(own, file).waiting() == []


def test_an_event_that_cannot_be_kept_is_not_taken_and_is_new_when_it_comes_again() -> None:
    refusing = [CrmError("the state cannot be written")]

    def keep(events: Sequence[Event]) -> None:
        if refusing:
            raise refusing.pop()

    inbox = Inbox(keep)
    assert deliver(inbox, [event()]) == 503
    assert inbox.take_out() == []
    assert deliver(inbox, [event()]) == 200
    assert [each.object_id for each in inbox.take_out()] == ["7"]


class Portal:
    """Both CRMs in one: a contact's meeting and a lead's event were made just now, and nothing else."""

    server_time = datetime(2026, 6, 1, 9, tzinfo=UTC)

    def __init__(self) -> None:
        self.asked: list[str] = []

    def search_page(self, kind: str, properties: tuple[str, ...], *_: Any, **__: Any) -> Page:
        self.asked.append(kind)
        if kind != "meetings":
            return Page([], None)
        return Page([{"id": "5", "properties": {properties[0]: self.server_time.isoformat()}}], None)

    def query_pages(self, soql: str) -> list[SimpleNamespace]:
        self.asked.append(soql.partition(" FROM ")[2].split()[0])
        made = {"Id": "00U000000000001AAA", "CreatedDate": self.server_time.isoformat()}
        return [SimpleNamespace(records=[made] if " FROM Event " in soql and "WhoId != null" in soql else [])]


def test_a_meeting_that_is_booked_takes_a_refresh_at_once_and_once(tmp_path: Path) -> None:
    assert rounds_of(Short([Named("hubspot", "meetings", "5")])) == (1, [])

    class Refreshed(Prompt):
        def _refreshed_at(self) -> datetime:
            return Portal.server_time - timedelta(minutes=5)

    crm = Portal()
    again = Again(crm, crm)  # type: ignore[arg-type]
    prompt = Refreshed(load_settings({"CRM_HOME": str(tmp_path)}, vendors=False), again, print, nullcontext)
    assert prompt.look() == [
        Named("hubspot", "meetings", "5"), Named("salesforce", "Event", "00U000000000001AAA"),
    ]  # fmt: skip
    assert prompt.look() == []
    assert sorted(crm.asked) == sorted(["contacts", "meetings", "Lead", "Contact", "Event"] * 2)


def test_people_who_are_named_or_found_are_seen_to_without_a_round_over_everything() -> None:
    short = Short([Named("salesforce", "Lead", "00Q1"), Named("hubspot", "contacts", "7")])
    assert rounds_of(short, event(), event(objectId=8)) == (0, [])
    assert short.acted == [["7", "8", "00Q1"]]
    quiet = Short()
    assert rounds_of(quiet) == (0, [])
    assert quiet.acted == []


@pytest.mark.parametrize("kind", ["deal.creation", "contact.merge", "contact.privacyDeletion"])
def test_what_says_more_than_that_a_person_is_to_be_read_again_takes_a_round_over_everything(
    kind: str,
) -> None:
    short = Short()
    assert rounds_of(short, event(subscriptionType=kind)) == (1, [])
    assert short.acted == []


def test_who_is_left_over_or_could_not_be_read_is_seen_to_by_the_round_that_follows() -> None:
    assert rounds_of(Short(done=False), event()) == (1, [])
    rounds, said = rounds_of(Short(fails=True), event())
    assert (rounds, said) == (1, ["Salesforce cannot be reached; a refresh follows"])


def test_everything_is_read_when_it_is_time_whatever_was_seen_to() -> None:
    """At the last look before five minutes are over."""
    assert rounds_of(Short(), event(), at=269.0)[0] == 0
    assert rounds_of(Short(), event(), at=271.0)[0] == 1


def test_people_do_not_wait_for_a_round_over_everything_and_it_is_not_asked_for_twice() -> None:
    stands, goes_on, done, said = threading.Event(), threading.Event(), list[str](), list[str]()
    clock = [0.0]

    def act(rule: EventRule) -> None:
        stands.set()
        assert goes_on.wait(60)
        done.append(rule.do)

    inbox, short, beside = Inbox(), Short(), Beside()
    worker = Worker(
        EventsFile(), inbox, act, said.append, short, lambda: clock[0], refreshed=0.0, beside=beside
    )
    clock[0] = 300.0
    worker.once()
    assert stands.wait(60)
    for number in (8, 9):
        deliver(inbox, [event(objectId=number)])
        worker.once()
    assert (short.acted, done) == ([["8"], ["9"]], [])
    goes_on.set()
    beside.finish()
    assert (done, said) == (["decide"], [])


@pytest.mark.parametrize("published", [True, False])
def test_people_wait_for_the_first_round_over_everything_only_where_none_was_published(
    published: bool,
) -> None:
    inbox, beside, stopped = Inbox(), Beside(), threading.Event()
    order: list[str] = []
    begun, met = threading.Event(), threading.Event()

    class Meets(Short):
        def act(self, named: Collection[Named], entries: Sequence[Entry] = ()) -> bool:
            assert begun.wait(60)
            order.append("people")
            met.set()
            stopped.set()
            return True

    def everything(rule: EventRule) -> None:
        begun.set()
        assert short.is_ready.is_set() == published
        assert not published or met.wait(60)
        order.append(rule.do)

    short = Meets([Named("hubspot", "contacts", "7")])
    short.published = published
    Worker(EventsFile(), inbox, everything, print, short, lambda: 0.0, beside=beside).until(stopped)
    beside.finish()
    assert order == (["people", "decide"] if published else ["decide", "people"])


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
