"""What is wrong with a run, and when it is over."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines import locking
from pipelines.alerts import conditions, telling
from pipelines.alerts.conditions import Judged
from pipelines.alerts.watch import Watch, keep
from pipelines.errors import ConfigError, CrmError, GuardStopped, Locked, UsageError
from pipelines.reverse_sync.recovery import Recovered
from pipelines.reverse_sync.results import ApplyResult, SyncResult
from pipelines.rules.alerts import AlertsFile, Place, load_alerts
from pipelines.run import Run, StepResult
from pipelines.settings import Settings
from pipelines.state import State, incidents, runs
from pipelines.state.incidents import Seen
from pipelines.warehouse import Warehouse

RULES = AlertsFile()
NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)


def _applied(**done: int | str) -> ApplyResult:
    sync = SyncResult("hubspot", "contacts", **done)  # type: ignore[arg-type]
    return ApplyResult(
        plan_id="p", syncs={"contacts": sync}, recovered=Recovered(), calls=1, samples=(), notes=()
    )


def _kinds(judged: Judged) -> list[str]:
    return [seen.kind for seen in judged.wrong]


@pytest.mark.parametrize(
    ("error", "is_wrong"),
    [
        (None, False), (CrmError("the CRM is down"), True), (ConfigError("syncs.yml is broken"), True),
        (ValueError("a fault of ours"), True), (KeyboardInterrupt(), False), (Locked("another run"), False),
        (UsageError("this plan is stale"), False), (GuardStopped("too much"), False),
    ],
)  # fmt: skip
def test_a_step_that_fails_by_itself_is_an_incident(error: BaseException | None, is_wrong: bool) -> None:
    result = StepResult(step="extract", run_id="r", status="failed" if error else "done", seconds=1)
    judged = conditions.of_step(result, error, RULES)
    assert [seen.sentence for seen in judged.wrong] == ([f"extract failed: {error}"] if is_wrong else [])
    assert bool(judged.asked) == (is_wrong or error is None)


@pytest.mark.parametrize(("rejected", "is_wrong"), [(0, False), (5, False), (6, True)])
def test_a_share_of_errors_is_an_incident_and_over_when_it_falls(rejected: int, is_wrong: bool) -> None:
    judged = conditions.of_apply(_applied(confirmed=100 - rejected, rejected=rejected), {}, RULES)
    assert _kinds(judged) == (["error share"] if is_wrong else [])
    assert "errors: contacts" in judged.asked


def test_an_apply_that_sent_nothing_says_nothing_about_the_share_of_errors() -> None:
    assert "errors: contacts" not in conditions.of_apply(_applied(), {}, RULES).asked


@pytest.mark.parametrize(
    ("records", "before", "is_wrong"),
    [(1_000, [100] * 3, True), (180, [100] * 3, False), (0, [1_000] * 3, True), (1_000, [100] * 2, False)],
)
def test_a_volume_far_from_usual_is_an_incident(records: int, before: list[int], is_wrong: bool) -> None:
    done = _applied(records=records, confirmed=records)
    assert _kinds(conditions.of_apply(done, {"contacts": before}, RULES)) == (["volume"] if is_wrong else [])


def test_a_sync_that_could_not_go_on_is_an_incident() -> None:
    judged = conditions.of_apply(_applied(stopped="HubSpot cannot be reached"), {}, RULES)
    assert _kinds(judged) == ["failure"]


@pytest.mark.parametrize(
    ("seconds", "before", "is_wrong"),
    [
        (3_601, [1_200.0] * 3, True),
        (3_599, [1_200.0] * 3, False),
        (500, [10.0] * 3, False),
        (9_999, [1.0], False),
    ],
)
def test_a_run_that_takes_far_longer_is_an_incident(
    seconds: float, before: list[float], is_wrong: bool
) -> None:
    assert _kinds(conditions.of_run("refresh", seconds, before, RULES)) == (["duration"] if is_wrong else [])


def test_a_run_is_held_against_the_runs_of_its_kind_before_it(tmp_path: Path) -> None:
    with State.open(Settings(home=tmp_path, config_dir=tmp_path)) as state, state.writing() as connection:
        for number, (kind, minutes) in enumerate(
            (("refresh", 2), ("build", 60), ("refresh", 4), ("refresh", 9))
        ):
            runs.start(connection, f"r{number}", kind, NOON)
            runs.finish(connection, f"r{number}", kind, NOON + timedelta(minutes=minutes), "done")
        assert runs.durations(connection, "r3", "refresh") == (540.0, [240.0, 120.0])
        assert runs.durations(connection, "r2", "refresh") == (240.0, [120.0])


def test_a_run_that_hangs_is_known_by_those_that_find_it_in_the_way(tmp_path: Path) -> None:
    settings, now = Settings(home=tmp_path, config_dir=tmp_path), datetime.now(UTC)
    with State.open(settings) as state:
        with state.writing() as connection:
            runs.start(connection, "r0", "refresh", now - timedelta(days=9))  # killed long ago
            for number in range(1, 6):
                began = now - timedelta(days=5 - number, minutes=9)
                runs.start(connection, f"r{number}", "refresh", began)
                runs.finish(connection, f"r{number}", "refresh", began + timedelta(minutes=2), "done")
        watch = Watch(settings, Warehouse(settings.paths), Run("r7"), lambda: state)
        met = (
            Locked("the warehouse is in use by run r6"),
            StepResult(step="extract", run_id="r7", status="failed", seconds=0.1),
        )
        for began, said in (
            (now - timedelta(minutes=3), []),
            (now - timedelta(hours=2), ["A refresh has not ended after 120 minutes, usually 2.0"]),
        ):
            with state.writing() as connection:
                runs.start(connection, "r6", "refresh", began)
            watch.step_ended(met[1], met[0])
            with state.reading() as connection:
                assert [each["sentence"] for each in incidents.going_on(connection)] == said


def test_what_switched_off_is_not_asked() -> None:
    off = AlertsFile(failure=False, guard=False, error_share=None, volume=None, duration=None)
    assert conditions.of_apply(_applied(rejected=9, records=9_999), {"contacts": [1] * 5}, off).asked == set()
    assert conditions.of_plan(["too much"], [], [], off) == conditions.NOTHING
    assert conditions.of_run("refresh", 99_999, [1.0] * 5, off) == conditions.NOTHING


def test_an_incident_lasts_from_the_first_that_sees_it_to_the_first_that_does_not(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, config_dir=tmp_path)
    seen = Seen("guard: plan", "guard", "too much")
    with State.open(settings) as state:
        for run in ("r1", "r2"):
            keep(Judged(frozenset({seen.incident}), (seen,)), settings, state, run)
        keep(Judged(frozenset({"errors: leads"}), ()), settings, state, "r3")
        with state.reading() as connection:
            (lasting,) = incidents.going_on(connection)
            assert (lasting["seen"], lasting["run_id"], lasting["closed_at"]) == (2, "r2", None)
        keep(Judged(frozenset({seen.incident}), ()), settings, state, "r4")
        keep(Judged(frozenset({seen.incident}), (seen,)), settings, state, "r5")
        with state.reading() as connection:
            (again,) = incidents.going_on(connection)
    assert again["incident_id"] != lasting["incident_id"]
    assert again["seen"] == 1


def test_runs_that_see_an_incident_at_once_tell_of_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "alerts.yml").write_text("tell:\n  - {kind: mail, to: ops@example.com}\n")
    settings = Settings(home=tmp_path, config_dir=tmp_path)
    begun, other_waits, sent = threading.Event(), threading.Event(), list[str]()

    def send(place: Place, incident: object, settings: Settings) -> None:
        sent.append(place.name)
        begun.set()
        assert other_waits.wait(60)

    monkeypatch.setattr(telling, "_send", send)
    monkeypatch.setattr(locking.time, "sleep", lambda seconds: other_waits.set())  # where it is waited
    seen = Seen("guard: plan", "guard", "too much")
    with State.open(settings) as one, State.open(settings) as other, ThreadPoolExecutor(1) as pool:
        judged = Judged(frozenset({seen.incident}), (seen,))
        first = pool.submit(keep, judged, settings, one, "r1")
        assert begun.wait(60)
        keep(judged, settings, other, "r2")
        first.result()
    assert sent == ["mail ops@example.com"]


def test_what_was_wrong_with_a_sync_is_over_once_nothing_of_it_is_to_be_written() -> None:
    judged = conditions.of_plan([], ["contacts", "leads"], ["leads"], RULES)
    assert "errors: leads" not in judged.asked, "it lies refused"
    assert judged.asked >= {"errors: contacts", "stopped: leads", "volume: leads", "guard: plan"}


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("{kind: slack, to: owner}", "name an address in to"), ("{kind: mail, to: ops}", "not to ops"),
        ("{kind: webhook, to: 'http://example.com'}", "https address"), ("{kind: pager}", "kind"),
    ],
)  # fmt: skip
def test_a_place_that_cannot_be_told_is_said_before_anything_runs(
    tmp_path: Path, place: str, words: str
) -> None:
    (tmp_path / "alerts.yml").write_text(f"tell:\n  - {place}\n")
    with pytest.raises(ConfigError, match=words):
        load_alerts(tmp_path)
