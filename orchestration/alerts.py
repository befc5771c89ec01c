"""Dagster's own runs as incidents: one that died outside of our steps is told of like a step that failed.

Belongs here: the sensors. What a step of ours failed of has been told by the loop itself, from whichever door
it was run; a run that hangs tells nothing, whatever began it, so it is looked for.
"""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg

from orchestration import jobs
from pipelines.alerts.conditions import Judged
from pipelines.alerts.watch import keep, look
from pipelines.rules.alerts import load_alerts
from pipelines.settings import Settings
from pipelines.state import State, incidents
from pipelines.state.incidents import Seen


def sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """They are on from the beginning: they write to no CRM."""
    running = dg.DefaultSensorStatus.RUNNING
    watched = [*jobs.ALL]

    @dg.run_failure_sensor(
        name="alert_on_failed_run", monitored_jobs=watched, default_status=running,
        description="Tells whom config/alerts.yml names of a run that failed, once until one succeeds.",
    )  # fmt: skip
    def failed(context: dg.RunFailureSensorContext) -> None:
        run = context.dagster_run
        message = (context.failure_event.message or "it ended without a word").splitlines()[0]
        failed_run(settings, run.job_name, run.run_id, message, _started(context))

    @dg.run_status_sensor(
        name="alert_is_over", monitored_jobs=watched, run_status=dg.DagsterRunStatus.SUCCESS,
        default_status=running, description="A run that succeeds ends the incident of those that failed.",
    )  # fmt: skip
    def succeeded(context: dg.RunStatusSensorContext) -> None:
        run = context.dagster_run
        with State.open(settings) as state:
            keep(Judged(frozenset({_name(run.job_name)}), ()), settings, state, run.run_id)

    @dg.sensor(
        name="alert_on_hanging_run", minimum_interval_seconds=60, default_status=running, jobs=watched,
        description="Tells of a run, whoever began it, that has not ended after far longer than usual, once "
        "until one of its kind ends.",
    )  # fmt: skip
    def hanging(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        with State.open(settings) as state:
            found = look(settings, state, "sensor")
        return dg.SkipReason(" ".join(found) or "no run is late")

    return [failed, succeeded, hanging]


def failed_run(settings: Settings, job: str, run_id: str, message: str, started: datetime) -> None:
    """Open the incident of a job, unless a step of this very run has opened its own."""
    if not load_alerts(settings.config_dir).failure:
        return
    with State.open(settings) as state:
        with state.reading() as connection:
            told = [
                each
                for each in incidents.going_on(connection)
                if each["kind"] == "failure" and each["last_seen_at"] >= started
            ]
        if told:
            return
        seen = Seen(_name(job), "failure", f"Dagster's run of {job} failed: {message[:500]}")
        keep(Judged(frozenset({seen.incident}), (seen,)), settings, state, run_id)


def _name(job: str) -> str:
    return f"failure: job {job}"


def _started(context: dg.RunStatusSensorContext) -> datetime:
    record = context.instance.get_run_record_by_id(context.dagster_run.run_id)
    if record is None:
        return datetime.now(UTC)
    if record.start_time is not None:
        return datetime.fromtimestamp(record.start_time, UTC)
    return record.create_timestamp.replace(tzinfo=UTC)
