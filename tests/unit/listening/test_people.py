"""People who are named or found are seen to at once, and what makes a round over everything follow."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cli.listen import Beside, Inbox, Worker
from cli.rounds import Prompt
from pipelines.clients.hubspot.pages import Page
from pipelines.listening import Entry, Named
from pipelines.rules.events import EventRule, EventsFile
from pipelines.settings import load_settings
from pipelines.sources.again import Again

from .hooks import Short, deliver, event


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
