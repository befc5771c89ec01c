"""HubSpot's webhooks: genuine and fresh ones are taken, each event once, in whatever order they come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from cli.listen import Inbox, application
from pipelines.errors import CrmError, UsageError
from pipelines.listening import Event

from .hooks import NOW, URL, deliver, event, settings


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
