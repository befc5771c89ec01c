"""Salesforce's change events: named records come in, a break loses nothing, and what was missed is said."""

from __future__ import annotations

import threading

import pytest

from cli import changes
from cli.listen import Inbox
from pipelines.clients.open import open_salesforce
from pipelines.clients.salesforce.client import SalesforceClient
from pipelines.listening import Named, split
from pipelines.rules.events import EventRule, EventsFile

from .conftest import Bench


def rename(salesforce: SalesforceClient, lead: str, title: str) -> None:
    (done,) = salesforce.update_collection("Lead", [{"Id": lead, "Title": title}])
    assert done.ok


def test_a_stream_names_what_changed_and_goes_on_where_it_broke(bench: Bench) -> None:
    lead = bench.ids["salesforce"][0]
    with open_salesforce(bench.settings) as salesforce:
        stream = salesforce.changes()
        stream.subscribe()
        rename(salesforce, lead, "one")
        (event,) = stream.events()
        assert (event.entity, event.change, event.record_ids) == ("Lead", "UPDATE", (lead,))
        assert "Title" in event.fields
        stream.close()  # as an org that has forgotten us
        rename(salesforce, lead, "two")
        rename(salesforce, lead, "three")
        assert [each.record_ids for each in stream.events()] == [(lead,), (lead,)]
        assert not stream.lost
        stream.close()
        stream.replay_id = 1_000_000_000
        stream.subscribe()
        assert stream.lost
        rename(salesforce, lead, "four")
        assert [each.record_ids for each in stream.events()] == [(lead,)]
        stream.close()


def test_events_reach_whoever_listens_and_a_gap_takes_a_round_over_everything(bench: Bench) -> None:
    inbox, said = Inbox(), list[str]()
    lead = bench.ids["salesforce"][0]
    file = EventsFile(events=(EventRule(on="Lead.UPDATE", property="Title"),))
    with changes.subscribed(bench.settings, inbox, said.append) as standing:
        assert standing.wait(20), said
        with open_salesforce(bench.settings) as salesforce:
            rename(salesforce, lead, "listened to")
        assert inbox.arrived.wait(20), said
    events = inbox.take_out()
    assert split(events, file) == ([Named("salesforce", "Lead", lead)], False)
    assert split(events, EventsFile(events=(EventRule(on="deal.creation"),))) == ([], False)
    assert split([changes.gap(1)], file) == ([], True)
    assert said == []


def test_an_org_that_lets_nobody_subscribe_is_said_once_and_polling_goes_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    told = threading.Event()

    def tell(sentence: str) -> None:
        said.append(sentence)
        told.set()

    monkeypatch.setattr("pipelines.clients.salesforce.changes.CHANNEL", "/data/NothingChangeEvent")
    with changes.subscribed(bench.settings, Inbox(), tell) as standing:
        assert told.wait(20)
        assert not standing.is_set()
    assert len(said) == 1
    assert "cannot be subscribed to" in said[0]
    assert "by cursor" in said[0]
