"""A run of Dagster's that dies outside of our steps is an incident, and any that hangs, while it does; what a
step told of is not told again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from orchestration import alerts
from pipelines.settings import Settings
from pipelines.state import State, incidents, runs
from pipelines.state.incidents import Seen


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, config_dir=tmp_path)


@dg.op
def break_down() -> None:
    raise RuntimeError("the disk is full")


@dg.op
def go_well() -> None:
    """Nothing happens."""


@dg.job(name="refresh")
def broken_job() -> None:
    break_down()


@dg.job(name="refresh")
def good_job() -> None:
    go_well()


def _going_on(settings: Settings) -> list[tuple[str, str]]:
    with State.open(settings) as state, state.reading() as connection:
        return [(each["incident"], each["sentence"]) for each in incidents.going_on(connection)]


def _sense(settings: Settings, job: dg.JobDefinition) -> None:
    failed, succeeded, _ = alerts.sensors(settings)
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, raise_on_error=False)
        event = result.get_run_success_event() if result.success else result.get_run_failure_event()
        context = dg.build_run_status_sensor_context("s", event, instance, result.dagster_run)
        if result.success:
            succeeded(context)
        else:
            failed(context.for_run_failure())


def test_a_failed_run_is_an_incident_until_one_succeeds(settings: Settings) -> None:
    _sense(settings, broken_job)
    ((incident, sentence),) = _going_on(settings)
    assert incident == "failure: job refresh"
    assert sentence.startswith("Dagster's run of refresh failed: ")
    _sense(settings, good_job)
    assert _going_on(settings) == []


def test_what_a_step_of_the_run_told_of_is_not_told_again(settings: Settings) -> None:
    seen = Seen("failure: extract", "failure", "extract failed: HubSpot cannot be reached")
    with State.open(settings) as state, state.writing() as connection:
        incidents.see(connection, seen, "r1", datetime.now(UTC))
    alerts.failed_run(settings, "refresh", "d1", "a step failed", datetime(2020, 1, 1, tzinfo=UTC))
    assert [incident for incident, _ in _going_on(settings)] == ["failure: extract"]


def test_a_run_that_hangs_is_an_incident_while_it_hangs_told_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(
        "pipelines.alerts.telling._send", lambda place, each, _: told.append(each["sentence"])
    )
    (settings.config_dir / "alerts.yml").write_text("tell: [{kind: mail, to: ops@example.com}]\n")
    now = datetime.now(UTC)
    with State.open(settings) as state, state.writing() as connection:
        for n in range(5):
            began = now - timedelta(days=2, minutes=n)
            runs.start(connection, f"r{n}", "refresh", began)
            runs.finish(connection, f"r{n}", "refresh", began + timedelta(minutes=2), "done")
        runs.start(connection, "r9", "refresh", now - timedelta(hours=3))
    *_, hanging = alerts.sensors(settings)
    for _ in range(2):
        said = hanging(dg.build_sensor_context())
        assert isinstance(said, dg.SkipReason)
        assert "A refresh has not ended after 180 minutes, usually 2.0" in str(said.skip_message)
    assert [incident for incident, _ in _going_on(settings)] == ["duration: refresh"]
    assert len(told) == 1
