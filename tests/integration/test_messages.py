"""Messages to people over the sandbox's Slack and webhooks, when the answer is lost: told once, or left to a
person who can find out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.fixtures.actions import statements

from .conftest import Bench


@pytest.fixture
def catchers(bench: Bench) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=bench.crms.catchers, timeout=30) as client:
        client.post("/_sandbox/slack", json={"add_channels": ["sales"]})
        for what in ("slack", "mail", "hooks"):
            client.delete(f"/_sandbox/{what}")
        yield client
        client.post("/_sandbox/faults", json=[])


def _message(bench: Bench, vendor: str, to: str, **payload: str) -> dict[str, Any]:
    return {
        "action_key": f"{bench.settings.home.name}/{vendor}", "vendor": vendor, "object": "message",
        "kind": "message", "record_key": bench.key("hubspot", 0),
        "payload": {"to": to, "text": "A new lead waits for you", **payload},
    }  # fmt: skip


def _arrived(catchers: httpx.Client) -> dict[str, int]:
    return {what: len(catchers.get(f"/_sandbox/{what}").json()[what]) for what in ("slack", "mail", "hooks")}


def test_a_slack_message_whose_answer_is_lost_is_found_by_its_key_and_not_told_again(
    bench: Bench, catchers: httpx.Client
) -> None:
    bench.publish(*statements(_message(bench, "slack", "#sales")))
    catchers.post(
        "/_sandbox/faults", json=[{"match": "chat.postMessage", "status": "drop_answer", "times": 1}]
    )
    done = bench.apply(bench.plan())
    assert (done.rejected, done.unknown) == (0, 0)
    assert _arrived(catchers)["slack"] == 1
    assert bench.plan().is_empty


def test_a_slack_message_that_never_arrived_is_told_after_all(bench: Bench, catchers: httpx.Client) -> None:
    bench.publish(*statements(_message(bench, "slack", "#sales")))
    catchers.post("/_sandbox/faults", json=[{"match": "chat.postMessage", "status": "reset", "times": 1}])
    done = bench.apply(bench.plan())
    assert (done.rejected, done.unknown) == (0, 0)
    assert _arrived(catchers)["slack"] == 1


@pytest.mark.parametrize("status", ["drop_answer", "reset"])
def test_what_nobody_can_look_up_stays_unknown_for_a_person_and_is_never_told_again(
    bench: Bench, catchers: httpx.Client, status: str
) -> None:
    bench.publish(*statements(_message(bench, "webhook", f"{bench.crms.catchers}/hooks/leads")))
    catchers.post("/_sandbox/faults", json=[{"match": "hooks/leads", "status": status, "times": 1}])
    assert bench.apply(bench.plan()).unknown == 1
    arrived = 1 if status == "drop_answer" else 0
    assert _arrived(catchers)["hooks"] == arrived
    again = bench.plan()
    assert again.to_do == 0
    assert [each.reason for each in again.held] == [
        "nobody knows whether it was done; look, then say so with crm retry --done or --not-done"
    ]
    bench.apply(again)
    assert _arrived(catchers)["hooks"] == arrived


def test_a_channel_that_fails_holds_up_no_field_and_no_other_channel(
    bench: Bench, catchers: httpx.Client
) -> None:
    hook = f"{bench.crms.catchers}/hooks/team"
    rows = [_message(bench, "slack", "#sales"), _message(bench, "webhook", hook)]
    bench.publish(*statements(*rows))
    catchers.post("/_sandbox/faults", json=[{"match": "chat.postMessage", "status": "reset", "times": 50}])
    bench.apply(bench.plan())
    assert _arrived(catchers) == {"slack": 0, "mail": 0, "hooks": 1}
    catchers.post("/_sandbox/faults", json=[])
    bench.apply(bench.plan())
    assert _arrived(catchers) == {"slack": 1, "mail": 0, "hooks": 1}
    bench.assert_written_once()
