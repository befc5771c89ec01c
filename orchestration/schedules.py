"""When things run. What starts while another run holds the writer's lock fails and says who holds it."""

from __future__ import annotations

import dagster as dg

from orchestration import jobs

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
]  # fmt: skip
