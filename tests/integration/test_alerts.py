"""Somebody is told that a run goes wrong: in Slack, by mail and by webhook, once per incident."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from pipelines.clients.slack import SlackClient
from pipelines.errors import CrmError
from pipelines.run import Run
from pipelines.state import incidents
from pipelines.steps import Loop
from pipelines.warehouse import Warehouse

from .conftest import Bench


@pytest.fixture
def catchers(bench: Bench) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=bench.crms.catchers, timeout=30) as client:
        client.post("/_sandbox/slack", json={"add_channels": ["ops"]})
        for what in ("slack", "mail", "hooks"):
            client.delete(f"/_sandbox/{what}")
        (bench.settings.config_dir / "alerts.yml").write_text(
            "tell:\n  - {kind: slack, to: '#ops'}\n  - {kind: mail, to: ops@example.com}\n"
            f"  - {{kind: webhook, to: '{bench.crms.catchers}/hooks/ops'}}\n"
        )
        yield client
        client.post("/_sandbox/faults", json=[])


def _told(catchers: httpx.Client) -> dict[str, list[str]]:
    slack = [each["text"] for each in catchers.get("/_sandbox/slack").json()["slack"]]
    mails = [
        each["body"] if "body" in each else str(each)
        for each in catchers.get("/_sandbox/mail").json()["mail"]
    ]
    hooks = [str(each) for each in catchers.get("/_sandbox/hooks").json()["hooks"]]
    return {"slack": slack, "mail": mails, "hooks": hooks}


def _counts(catchers: httpx.Client) -> tuple[int, int, int]:
    told = _told(catchers)
    return len(told["slack"]), len(told["mail"]), len(told["hooks"])


def _plan(bench: Bench, run: str, *, is_published: bool = True) -> None:
    """The step a person or a schedule runs, over what is published or over nothing."""
    home = bench.settings.home if is_published else bench.settings.home / "empty"
    with Loop(bench.settings, None, run=Run(run)) as loop:  # type: ignore[arg-type]
        loop.warehouse = Warehouse(replace(bench.settings.paths, home=home))
        loop.plan()


def test_a_step_that_fails_is_told_everywhere_once_until_it_succeeds(
    bench: Bench, catchers: httpx.Client
) -> None:
    for run in ("run1", "run2"):
        with pytest.raises(CrmError, match="published"):
            _plan(bench, run, is_published=False)
    assert _counts(catchers) == (1, 1, 1), "told more than once, or not everywhere"
    assert all("plan failed: " in said for texts in _told(catchers).values() for said in texts)
    _plan(bench, "run3")
    with bench.state.reading() as connection:
        assert incidents.going_on(connection) == []
    with pytest.raises(CrmError, match="published"):
        _plan(bench, "run4", is_published=False)
    assert _counts(catchers) == (2, 2, 2), "a new incident is told anew"


def test_who_could_not_be_told_is_told_by_the_next_run_and_nobody_else_again(
    bench: Bench, catchers: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("pipelines.clients.slack.SlackClient.post", _unreachable)
        with pytest.raises(CrmError, match="published"):
            _plan(bench, "run1", is_published=False)
    assert _counts(catchers) == (0, 1, 1)
    with pytest.raises(CrmError, match="published"):
        _plan(bench, "run2", is_published=False)
    assert _counts(catchers) == (1, 1, 1)


def _unreachable(self: SlackClient, to: str, text: str, key: str) -> str:
    from pipelines.clients import errors

    raise errors.Unreachable("Slack cannot be reached")


def test_a_guard_that_stops_a_plan_is_told(bench: Bench, catchers: httpx.Client) -> None:
    (bench.settings.config_dir / "syncs.yml").write_text(
        (bench.settings.config_dir / "syncs.yml").read_text().replace("owner: us", "owner: crm")
        + "guards: {overwritten_share: 0.1, overwritten_floor: 0}\n"
    )
    bench.publish("update reverse_sync.existing_contacts set lead_score = 7")
    _plan(bench, "run1")
    (said,) = _told(catchers)["slack"]
    assert "A guard stopped the plan: contacts would overwrite values that people own on 6 of 6" in said


def test_a_share_of_refused_rows_is_told_with_the_vendor(bench: Bench, catchers: httpx.Client) -> None:
    faults = [{"match": "batch/update", "status": 400, "times": 1_000}]
    httpx.post(f"{bench.crms.urls['hubspot']}/_sandbox/faults", json=faults).raise_for_status()
    with Loop(bench.settings, None, run=Run("run1")) as loop:  # type: ignore[arg-type]
        done = loop.apply(loop.plan().path)
    httpx.post(f"{bench.crms.urls['hubspot']}/_sandbox/faults", json=[]).raise_for_status()
    assert done.rejected == 12
    (said,) = _told(catchers)["slack"]
    assert "contacts: 100.0% of 12 were not taken by hubspot (12 refused)" in said
