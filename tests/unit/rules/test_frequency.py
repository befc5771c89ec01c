"""How often a sync is written: what the words mean, what is refused, what Dagster makes of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pytest

from orchestration import schedules
from orchestration.resources import SYNCS
from pipelines.errors import ConfigError
from pipelines.reverse_sync import pace
from pipelines.reverse_sync.forecast import NOTHING_READ, TRACKED, Forecast, Listening
from pipelines.reverse_sync.planned import ActionSummary, SyncSummary
from pipelines.rules.frequency import Frequency
from pipelines.rules.syncs import load_syncs
from pipelines.settings import PROJECT_ROOT, Settings
from pipelines.sources.marketing_cloud.catalog import TABLES
from pipelines.state import journal, runs
from pipelines.state.engine import State
from pipelines.state.journal import Intent

TEXT = (PROJECT_ROOT / "config" / "syncs.yml").read_text()


def syncs_with(folder: Path, said: str) -> Path:
    (folder / "syncs.yml").write_text(TEXT.replace("syncFrequency: hourly", f"syncFrequency: {said}"))
    return folder


@pytest.mark.parametrize(
    ("said", "cron", "sentence"),
    [
        ("15 minutes", "*/15 * * * *", "96 runs a day, at most 960 calls"),
        ("hourly", "20 * * * *", "24 runs a day, at most 240 calls"),
        ("daily", "30 5 * * *", "1 runs a day, at most 10 calls"),
        ("real-time", None, "10 calls for each publish"),
    ],
)
def test_each_setting_has_its_times_and_its_cost_in_calls_a_day(said, cron, sentence):
    assert Frequency(said).cron == cron
    assert sentence in Frequency(said).cost(10)


@pytest.mark.parametrize("said", ["often", "0 minutes", "90 minutes", "weekly"])
def test_what_is_no_frequency_is_said_before_anything_runs(tmp_path, said):
    with pytest.raises(ConfigError, match="syncFrequency"):
        load_syncs(syncs_with(tmp_path, said))


def test_a_clock_makes_a_schedule_and_real_time_a_sensor_for_the_syncs_that_name_it(tmp_path):
    settings = Settings(home=tmp_path / "var", config_dir=tmp_path)
    timed = load_syncs(syncs_with(tmp_path, "15 minutes")).syncs
    (schedule,) = schedules.of_syncs(timed)
    assert (schedule.name, schedule.cron_schedule) == ("sync_15_minutes", "*/15 * * * *")
    assert schedule.tags[SYNCS] == "marketing_cloud_people"
    assert schedules.sensors(settings, timed) == []
    at_once = load_syncs(syncs_with(tmp_path, "real-time")).syncs
    assert schedules.of_syncs(at_once) == []
    (sensor,) = schedules.sensors(settings, at_once)
    assert sensor.name == "sync_real_time"
    settings.home.mkdir()

    def looks(cursor: str | None) -> tuple[list[tuple[str | None, str]], str | None]:
        told = sensor.evaluate_tick(dg.build_sensor_context(cursor=cursor))
        return [(each.run_key, each.tags[SYNCS]) for each in told.run_requests or ()], told.cursor

    assert looks(None) == ([], None)  # nothing was published yet
    settings.paths.published.write_text("published")
    [(key, syncs)], cursor = looks(None)
    assert (syncs, cursor) == ("marketing_cloud_people", key)
    assert looks(cursor) == ([], cursor)  # nothing new since


def summary(calls: int, reading: Listening = NOTHING_READ) -> SyncSummary:
    return SyncSummary(
        vendor="marketing_cloud", object="crm_people", desired=1, existing=1, records=1, fields={}, kept={},
        held=0, calls=Forecast(calls, 0, 0, "", reading), note="",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("said", "calls", "minutes", "words"),
    [
        ("15 minutes", 10, 15, "960 calls of 5,000 it may take"),
        ("1 minutes", 100, 29, "more than the 5,000 it may take: written each 29 minutes"),
        ("real-time", 100, 29, "5,000 a day are allowed: written each 29 minutes at most"),
        ("daily", 6_000, 1_728, "written each 1,728 minutes"),
    ],
)
def test_a_frequency_that_takes_more_calls_than_it_may_is_slowed(tmp_path, said, calls, minutes, words):
    syncs = load_syncs(syncs_with(tmp_path, said))
    found = pace.paces(syncs.syncs, {"marketing_cloud_people": summary(calls)}, {}, syncs)
    assert found["marketing_cloud_people"].minutes == minutes
    said_of = str(found["marketing_cloud_people"])
    assert words in said_of
    assert f"hourly {24 * calls:,}, daily {calls:,}" in said_of  # what other settings would cost


def test_reading_is_told_and_taken_off_and_more_is_read_only_after_something_was_written(tmp_path):
    syncs = load_syncs(syncs_with(tmp_path, "5 minutes"))
    listening = Listening(whole=28, tracked=7, wholes=24, refreshes=288)

    def pace_of(calls: int) -> pace.Pace:
        summaries = {"marketing_cloud_people": summary(calls, listening)}
        return pace.paces(syncs.syncs, summaries, {}, syncs)["marketing_cloud_people"]

    quiet, busy = pace_of(0), pace_of(10)
    reads = 24 * 28 + 264 * 7
    assert quiet.day(288) == 0
    assert quiet.minutes == 5
    told = (
        f"reading takes {reads:,} a day besides while crm listen runs: 24 times all with 28 calls, 264 times"
    )
    assert told in str(quiet)
    assert told in str(busy)
    assert busy.day(24) == 240  # everything is read each hour anyway
    assert busy.day(288) == 288 * 10 + 264 * (28 - 7)
    assert busy.day(1_440) == 1_440 * 10 + 264 * (28 - 7)  # there are no more refreshes than that
    assert busy.allowed == 5_000 - reads
    assert busy.is_slowed
    assert busy.day(1_440 // busy.minutes) <= busy.allowed < busy.day(1_440 // (busy.minutes - 1))


def test_what_is_tracked_is_what_has_a_moment_to_go_on_from_and_complaints():
    with_cursor = {table.name for table in TABLES if table.cursor}
    assert set(TRACKED) == {*with_cursor, "complaints"}


def test_syncs_of_one_vendor_share_what_they_may_take(tmp_path):
    text = TEXT.replace("object: contacts\n", "object: contacts\n    syncFrequency: 10 minutes\n")
    (tmp_path / "syncs.yml").write_text(text)
    syncs = load_syncs(tmp_path)
    two = {name: summary(100) for name in ("hubspot_contacts", "hubspot_consents")}
    found = pace.paces(syncs.syncs, two, {"hubspot": 20_000}, syncs)
    assert [found[name].allowed for name in two] == [5_000, 5_000]
    assert [found[name].minutes for name in two] == [29, 29]


def test_journey_entries_that_are_done_without_a_person_are_taken_off_what_a_sync_may_take(tmp_path):
    syncs = load_syncs(syncs_with(tmp_path, "15 minutes")).model_copy(update={"auto_actions": ("journeys",)})
    entries = ActionSummary({"marketing_cloud journey_entry": 4_500}, {}, 0, 0, 0, 4_500)
    of_people = {"marketing_cloud_people": summary(10)}
    for name, allowed, minutes in (("journeys", 500, 29), ("by hand", 5_000, 15)):
        found = pace.paces(syncs.syncs, of_people, {}, syncs, {name: entries})["marketing_cloud_people"]
        assert (found.allowed, found.minutes) == (allowed, minutes)


def test_a_slowed_sync_waits_and_a_listener_keeps_the_time_of_all(tmp_path):
    syncs = load_syncs(syncs_with(tmp_path, "30 minutes"))
    settings = Settings(home=tmp_path / "var", config_dir=tmp_path)
    settings.home.mkdir()
    begun = datetime(2026, 3, 1, 12, tzinfo=UTC)
    with State.open(settings) as state, state.writing() as writing:
        runs.start(writing, "r", "activation", begun)
        intent = Intent(
            change_id="c", plan_id="p", sync="marketing_cloud_people", vendor="marketing_cloud", object="o",
            record_id="1", record_key="marketing_cloud:1:o:1", field="f", before_value=None, after_value="x",
            provider="computed", rule="r", reversibility="reversible",
        )  # fmt: skip
        journal.intend(writing, [intent], run_id="r", at=begun)

        def waits(calls: int, minutes: int, *, by_schedule: bool) -> list[str]:
            plan = SimpleNamespace(syncs={"marketing_cloud_people": summary(calls)}, actions={})
            now = begun + timedelta(minutes=minutes)
            return list(pace.waiting(writing, plan, syncs, now, by_schedule=by_schedule))  # type: ignore[arg-type]

        assert waits(10, 10, by_schedule=True) == []
        assert waits(200, 40, by_schedule=True) == ["marketing_cloud_people"]  # 200 calls: each 58 minutes
        assert waits(200, 58, by_schedule=True) == []
        assert waits(10, 10, by_schedule=False) == ["marketing_cloud_people"]
        assert waits(10, 30, by_schedule=False) == []
