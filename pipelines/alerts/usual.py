"""What is usual: runs of before, and how far a run is from them.

Belongs here: that judgement, for alerts and for Dagster's checks alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from pipelines.rules.alerts import Volume
from pipelines.warehouse import Warehouse, has_table

RUNS_TO_KNOW, RUNS_ASKED = 3, 10


def usually(before: Sequence[float]) -> float | None:
    """The middle of the runs before; None while they are too few to know."""
    return median(before) if len(before) >= RUNS_TO_KNOW else None


def is_far(now: float, usual: float, volume: Volume) -> bool:
    """Whether `now` is so many times `usual`, or as little of it, and the difference is worth a look."""
    times = max(now, usual) / max(1.0, min(now, usual))
    return times > volume.times and abs(now - usual) >= volume.floor


def written_before(warehouse: Warehouse, run_id: str) -> dict[str, list[int]]:
    """Records written in the latest runs of each sync, this one left out."""
    if not warehouse.paths.published.exists():
        return {}
    with warehouse.reading() as connection:
        if not has_table(connection, "marts", "sync_health"):
            return {}
        rows = connection.execute(
            "select sync, written from marts.sync_health where run_id <> ? "
            "qualify row_number() over (partition by sync order by started_at desc) <= ? "
            "order by sync, started_at",
            [run_id, RUNS_ASKED],
        ).fetchall()
    found: dict[str, list[int]] = {}
    for sync, written in rows:
        found.setdefault(str(sync), []).append(int(written))
    return found
