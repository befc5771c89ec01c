"""When things run. What starts while another run holds the writer's lock fails and says who holds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import dagster as dg

from orchestration import jobs
from orchestration.resources import SYNCS
from pipelines.rules.frequency import REAL_TIME, Frequency
from pipelines.rules.syncs import Sync
from pipelines.settings import Settings

ALL = [
    dg.ScheduleDefinition(
        name="hourly_refresh", job=jobs.refresh, cron_schedule="0 * * * *", execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Reads the CRMs at each full hour.",
    ),
    dg.ScheduleDefinition(
        name="hourly_activation", job=jobs.activation, cron_schedule="20 * * * *", execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="Writes to the CRMs; turn it on when config/syncs.yml says auto_apply: true for a sync.",
    ),
    dg.ScheduleDefinition(
        name="freshness_watch", job=jobs.freshness, cron_schedule="50 * * * *", execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Warns on marts.unified_leads when nothing was published for three hours.",
    ),
    dg.ScheduleDefinition(
        name="schema_drift_watch", job=jobs.drift, cron_schedule="30 5 * * *", execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Warns, and tells config/alerts.yml's people, of objects and fields changed by hand.",
    ),
]  # fmt: skip


def of_syncs(syncs: Mapping[str, Sync]) -> list[dg.ScheduleDefinition]:
    """A schedule for each syncFrequency of syncs.yml that goes by the clock, for the syncs that name it."""
    return [
        dg.ScheduleDefinition(
            name=f"sync_{frequency.slug}", job=jobs.activation, cron_schedule=str(frequency.cron),
            execution_timezone="UTC", tags={SYNCS: " ".join(names)},
            default_status=dg.DefaultScheduleStatus.STOPPED,
            description=f"Writes {', '.join(names)}: {frequency.said} in config/syncs.yml.",
        )
        for frequency, names in _by_frequency(syncs).items()
        if frequency.cron is not None
    ]  # fmt: skip


def sensors(settings: Settings, syncs: Mapping[str, Sync]) -> list[dg.SensorDefinition]:
    """What is real-time is written as soon as something is published."""
    names = _by_frequency(syncs).get(Frequency(REAL_TIME))
    if not names:
        return []

    @dg.sensor(
        name="sync_real_time", job=jobs.activation, minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description=f"Writes {', '.join(names)} after each publish: real-time in config/syncs.yml.",
    )  # fmt: skip
    def real_time(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        published = settings.paths.published
        stamp = str(published.stat().st_mtime_ns) if published.exists() else ""
        if not stamp or stamp == context.cursor:
            yield dg.SkipReason("nothing was published since")
            return
        context.update_cursor(stamp)
        yield dg.RunRequest(run_key=stamp, tags={SYNCS: " ".join(names)})

    return [real_time]


def _by_frequency(syncs: Mapping[str, Sync]) -> dict[Frequency, list[str]]:
    found: dict[Frequency, list[str]] = {}
    for name, sync in syncs.items():
        if sync.syncFrequency:
            found.setdefault(Frequency(sync.syncFrequency), []).append(name)
    return found
