"""The pipeline of any past day, against a replay of the histories in the CRMs' own stores."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest

from pipelines.settings import PROJECT_ROOT
from tests.e2e.conftest import Built
from tests.e2e.marts import query

pytestmark = pytest.mark.loop
CLOSED = {"Closed Won", "Closed Lost", "closedwon", "closedlost"}
Moves = dict[str, list[tuple[datetime, str]]]


def stored(home: Path, store: str, sql: str) -> list[tuple[str, str, str]]:
    with closing(sqlite3.connect(home / "sandbox" / f"{store}.sqlite")) as connection:
        return connection.execute(sql).fetchall()


def replayed(home: Path) -> Moves:
    """Each deal's moves as the CRM whose history is told has them: (moment, stage), in their order."""
    hubspot = stored(
        home, "hubspot", "select id, at, value from history where object = 'deals' and property = 'dealstage'"
    )
    salesforce = stored(
        home, "salesforce", "select OpportunityId, CreatedDate, StageName from OpportunityHistory order by Id"
    )
    of: dict[tuple[str, str], list[tuple[datetime, str]]] = {}
    for key, at, stage in hubspot:
        moment = datetime.fromtimestamp(int(at) / 1000, UTC)
        of.setdefault(("hubspot", str(key)), []).append((moment, stage))
    for key, at, stage in salesforce:
        of.setdefault(("salesforce", key), []).append((datetime.fromisoformat(at), stage))
    ids = query(
        home,
        "select opportunity_id, opportunity_id_salesforce, opportunity_id_hubspot from marts.opportunities",
    )
    return {
        deal: sorted(of.get(("salesforce", in_salesforce or ""), of.get(("hubspot", in_hubspot or ""), [])),
                     key=lambda move: move[0])
        for deal, in_salesforce, in_hubspot in ids
    }  # fmt: skip


def test_the_picture_of_thirty_past_days_equals_a_replay(built_once: Built) -> None:
    moves = replayed(built_once.home)
    first = min(each[0][0] for each in moves.values() if each).date()
    [(last,)] = query(built_once.home, "select max(snapshot_date) from marts.pipeline_snapshots")
    chosen = random.Random(7)
    total = 0
    for _ in range(30):
        day = first + timedelta(days=chosen.randrange((last - first).days))
        ends_at = datetime.combine(day + timedelta(days=1), datetime.min.time(), ZoneInfo("Europe/London"))
        expected = {
            (deal, so_far[-1])
            for deal, history in moves.items()
            if (so_far := [stage for at, stage in history if at < ends_at]) and so_far[-1] not in CLOSED
        }
        shown = query(
            built_once.home,
            "select opportunity_id, stage from marts.deal_states "
            f"where not is_closed and valid_from < timestamptz '{ends_at.isoformat()}' "
            f"and (valid_to is null or valid_to >= timestamptz '{ends_at.isoformat()}')",
        )
        assert Counter(shown) == Counter(expected), day
        total += len(expected)
    assert total > 100


def test_the_last_picture_is_the_pipeline_of_now(built_once: Built) -> None:
    [(shown, amount)] = query(
        built_once.home,
        "select sum(opportunities), sum(amount_converted) from marts.pipeline_snapshots "
        "where snapshot_date = (select max(snapshot_date) from marts.pipeline_snapshots)",
    )
    assert [(shown, amount)] == query(
        built_once.home, "select count(*), sum(amount_converted) from marts.opportunities where not is_closed"
    )


def test_every_stay_is_the_one_the_histories_tell(built_once: Built) -> None:
    """Row by row: each deal's stages with the moments they were entered and left."""
    expected = []
    for deal, history in replayed(built_once.home).items():
        entered = [
            move for place, move in enumerate(history) if not place or history[place - 1][1] != move[1]
        ]
        left = [at for at, _ in entered[1:]]
        expected += [
            (deal, place, stage, at, until)
            for place, ((at, stage), until) in enumerate(zip(entered, [*left, None], strict=True), 1)
        ]
    shown = query(
        built_once.home, "select opportunity_id, stay, stage, entered_at, left_at from marts.stage_history"
    )
    assert len(shown) > 100
    assert Counter(shown) == Counter(expected)


SAME_BY_HAND = {
    "stage_history": "select opportunity_id, stay, stage, canonical_stage, entered_at, left_at from {}",
    "pipeline_velocity": (
        "select period, definition, segment_value, opportunities, win_rate, round(win_rate_by_value, 9), "
        "round(cycle_days, 2) from marts.pipeline_velocity where segment = 'owner'",
        "select month, definition, owner, deals, win_rate, round(win_rate_by_value, 9), round(days, 2) "
        "from plain.pipeline_velocity where owner is not null",
    ),
    "stage_conversions": (
        "select period, canonical_stage, segment_value, opportunities, advanced, won, lost, "
        "round(median_days, 6) from marts.stage_conversions "
        "where definition = 'cohort' and segment = 'owner'",
        "select month, canonical_stage, owner, deals, advanced, won, lost, round(days, 6) "
        "from plain.stage_conversions where owner is not null",
    ),
    "time_in_stage": (
        "select canonical_stage, segment_value, round(median_days, 6), round(p90_days, 6) "
        "from marts.time_in_stage where period is null and pipeline = 'all' and segment in ('all', 'owner')",
        "select canonical_stage, cut, round(median_days, 6), round(p90_days, 6) from plain.time_in_stage "
        "where cut = 'all' or cut in (select owner from plain.deals)",
    ),
    "pipeline_snapshots": (
        "select snapshot_date, canonical_stage, sum(opportunities) "
        "from marts.pipeline_snapshots group by all",
        "select snapshot_date, canonical_stage, sum(opportunities) "
        "from plain.pipeline_snapshots group by all",
    ),
    "win_rates": (
        "select period, segment_value, won, lost, win_rate from marts.win_rates "
        "where definition = 'closed' and segment = 'product' and pipeline = 'all'",
        "select closed_month, product, won, lost, win_rate from plain.win_rates "
        "where product is not null and pipeline is null",
    ),
}


def test_the_marts_are_what_one_would_write_by_hand(built_once: Built, tmp_path: Path) -> None:
    """Other SQL over the raw histories, which shares no line with the models, has the same rows."""
    shutil.copyfile(built_once.home / "warehouse.duckdb", tmp_path / "copy.duckdb")
    with duckdb.connect(str(tmp_path / "copy.duckdb")) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute((PROJECT_ROOT / "benchmarks" / "reporting_floor.sql").read_text())
        for mart, asked in SAME_BY_HAND.items():
            ours, by_hand = (
                (asked.format(f"marts.{mart}"), asked.format(f"plain.{mart}"))
                if isinstance(asked, str) else asked
            )  # fmt: skip
            found = connection.execute(ours).fetchall()
            assert Counter(found) == Counter(connection.execute(by_hand).fetchall()), mart
            assert len(found) > 3, mart


def test_every_kpi_names_the_rows_that_count_against_it(built_once: Built) -> None:
    for kpi, numerator, denominator, misses in query(
        built_once.home, "select kpi, numerator, denominator, misses_query from marts.kpis"
    ):
        behind = query(built_once.home, f"select count(*) from ({misses})")[0][0]
        if kpi != "attribution_coverage":  # in money there, in deals here
            assert behind == denominator - numerator, kpi
    assert query(built_once.home, "select count(*) from marts.kpi_history") == [(6,)]
