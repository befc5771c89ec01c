"""How long deals stay in a stage: the percentiles of any stays are those that are counted one by one."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import duckdb
import pytest

from tests.fixtures.dbt_sql import compiled

NOW = datetime(2026, 6, 30, 11, tzinfo=UTC)
Stay = tuple[int, bool]
"""Days that it took, or took so far; whether it has ended."""
TABLES = """
create table run as select $now::timestamptz as as_of;
create table stages as select 'won' as canonical_stage, true as is_closed;
create table int_deal_segments as
    select 'o' as opportunity_id, 'maya' as owner, 'west' as team, 'p' as product;
create table int_stage_spells (
    opportunity_id varchar, canonical_stage varchar, pipeline varchar,
    entered_at timestamptz, left_at timestamptz, entered_on date as (entered_at::date));
"""


def percentiles(stays: list[Stay]) -> list[int | None]:
    """After Kaplan and Meier: after how many days no more than a half, a quarter, a tenth are still there."""
    share, found = 1.0, dict[float, int]()
    for day in sorted({days for days, _ in stays}):
        at_risk = sum(days >= day for days, _ in stays)
        share *= 1 - sum(days == day and ended for days, ended in stays) / at_risk
        for part in (0.5, 0.25, 0.1):
            if share <= part + 1e-9:
                found.setdefault(part, day)
    return [found.get(part) for part in (0.5, 0.25, 0.1)]


@pytest.mark.parametrize("is_open", [0.0, 0.2, 0.6, 1.0])
def test_percentiles_are_those_that_are_counted_one_by_one(is_open: float) -> None:
    chosen = random.Random(5)
    drawn = {
        f"stage {number}": [
            (chosen.randrange(1, 9), chosen.random() >= is_open) for _ in range(chosen.randrange(1, 30))
        ]
        for number in range(25)
    }
    assert told(drawn) == {
        stage: (
            *percentiles(stays), len(stays), sum(not ended for _, ended in stays),
            median([days for days, ended in stays if ended] or [-1]),
        )
        for stage, stays in drawn.items()
    }  # fmt: skip


def told(drawn: dict[str, list[Stay]]) -> dict[str, tuple[Any, ...]]:
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        for statement in TABLES.split(";")[:-1]:
            connection.execute(statement, {"now": NOW} if "$now" in statement else None)
        connection.executemany(
            "insert into int_stage_spells values ('o', ?, null, ?, ?)",
            [
                (stage, NOW - timedelta(days=days), NOW if ended else None)
                for stage, stays in drawn.items()
                for days, ended in stays
            ],
        )
        rows = connection.execute(
            "select canonical_stage, median_days, p75_days, p90_days, stays, open_stays, "
            f"coalesce(median_days_ended, -1) from ({compiled('marts/pipeline/time_in_stage.sql')}) "
            "where segment = 'all' and pipeline = 'all' and period is null"
        ).fetchall()
    return {row[0]: row[1:] for row in rows}
