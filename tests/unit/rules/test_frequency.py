"""How often a sync is written: what the words mean, what is refused, what Dagster makes of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration import schedules
from orchestration.resources import SYNCS
from pipelines.errors import ConfigError
from pipelines.rules.frequency import Frequency
from pipelines.rules.syncs import load_syncs
from pipelines.settings import PROJECT_ROOT, Settings

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
    assert [sensor.name for sensor in schedules.sensors(settings, at_once)] == ["sync_real_time"]
