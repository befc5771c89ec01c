"""The revenue forecast and its back-test, on a few quarters that can be worked out by hand."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from tests.fixtures.dbt_sql import made

STEPS = (
    "intermediate/pipeline/int_quarter_moments",
    "marts/pipeline/revenue_backtest",
    "marts/pipeline/revenue_forecast",
)
QUARTERS = ("2025-01-01", "2025-04-01", "2025-07-01", "2025-10-01", "2026-01-01")


def worked_out(factors: list[float], weights: tuple[float, ...] = (100,) * 5) -> duckdb.DuckDBPyConnection:
    """Quarters that began with a weight open and nothing closed, and brought the weight x their factor.

    Today is the last of June 2026, so five have ended; the one that begins tomorrow has 5 closed, 100 open.
    """
    db = duckdb.connect()
    db.execute(
        "create table run as select date '2026-06-30' as business_date, 'USD' as company_currency;"
        "create table opportunities (created_at timestamptz, close_date date, is_won boolean, "
        "amount_converted decimal(18, 2));"
        "create table forecasts (snapshot_date date, period date, owner_id varchar, "
        "closed_amount decimal(18, 2), weighted_amount decimal(18, 2));"
        "insert into opportunities values (timestamptz '2024-11-01', null, false, null)"
    )
    for period, factor, weighted in zip(QUARTERS, factors, weights, strict=True):
        db.execute(
            "insert into opportunities values (timestamptz '2024-12-01', $p::date + 20, true, $won)",
            {"p": period, "won": weighted * factor},
        )
        db.execute(
            "insert into forecasts values ($p::date - 1, $p::date, 'all', 0, $w)",
            {"p": period, "w": weighted},
        )
    db.execute("insert into forecasts values ('2026-06-30', '2026-07-01', 'all', 5, 100)")
    for step in STEPS:
        made(db, f"{step}.sql", "table")
    return db


def rows(db: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return db.execute(sql).fetchall()


def test_the_forecast_is_what_closed_and_the_median_of_what_open_deals_became() -> None:
    db = worked_out([1, 2, 3, 2, 2])
    asked = "select forecast, low, high, quarters_learnt_from, round(confidence, 3) from revenue_forecast"
    assert rows(db, asked) == [(205, 105, 305, 5, 0.667)]


def test_a_back_test_knows_only_what_had_ended_by_then() -> None:
    db = worked_out([1, 2, 3, 2, 4])
    told = "select period::varchar, forecast, low, high, is_inside from revenue_backtest where method = "
    assert rows(db, told + "'pipeline' order by period") == [
        # The first three quarters (1, 2, 3) teach; the third ended the day before.
        ("2025-10-01", 200, 100, 300, True), ("2026-01-01", 200, 100, 300, False),
    ]  # fmt: skip
    assert rows(db, told + "'last_quarter' order by period") == [
        ("2025-10-01", 300, None, None, None), ("2026-01-01", 200, None, None, None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("factors", "weights", "is_better"),
    [([1, 1, 1, 1, 1], (100,) * 5, False), ([2, 2, 2, 2, 2], (100, 300, 50, 400, 150), True)],
)
def test_it_says_when_the_past_alone_knows_as_much(
    factors: list[float], weights: tuple[float, ...], is_better: bool
) -> None:
    """Where every quarter is alike, repeating the last one is as good, and the forecast says so."""
    db = worked_out(factors, weights)
    assert rows(db, "select is_better_than_naive from revenue_forecast") == [(is_better,)]


def test_with_nothing_to_learn_from_there_is_no_forecast_instead_of_a_guess() -> None:
    db = worked_out([1, 2, 3, 2, 2], (0,) * 5)
    asked = "select forecast, low, quarters_learnt_from, is_better_than_naive from revenue_forecast"
    assert rows(db, asked) == [(None, None, 0, None)]
