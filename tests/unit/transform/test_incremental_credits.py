"""Credit worked out for the deals that changed is what a full build gives, row by row."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipelines import transform
from tests.fixtures.raw_tables import RawTables

INCREMENTAL = (
    "intermediate.int_credit_journeys",
    "intermediate.int_credit_weights",
    "marts.attribution_credits",
)
BUILT = (
    "int_credit_deals", "int_deal_touches", "int_credit_journeys", "int_journeys", "int_channel_values",
    "int_credit_weights", "attribution_credits",
)  # fmt: skip
TABLES = """
create schema if not exists intermediate;
create table intermediate.int_campaign_members (record_key varchar, campaign_id varchar);
create table intermediate.int_people (person_id varchar, created_at timestamptz);
create table intermediate.int_opportunity_people (opportunity_id varchar, person_id varchar, via varchar);
create table intermediate.int_opportunities (opportunity_id varchar, campaign_id varchar,
    created_at timestamptz, is_closed boolean, is_won boolean, closed_at timestamptz, amount decimal(18, 2),
    amount_converted decimal(18, 2), currency varchar);
create table intermediate.int_touches (touchpoint_id varchar, person_id varchar, occurred_at timestamptz,
    channel varchar, touch_type varchar, is_counted boolean, earns_credit boolean, campaign_id varchar,
    record_key varchar);
"""
START, DEALS = datetime(2026, 1, 1, tzinfo=UTC), 60


class Business:
    """Deals, their people and what these did, and what may happen to all of them."""

    def __init__(self, raw: RawTables) -> None:
        self.raw, self.chosen, self.met = raw, random.Random(5), 0
        with raw.warehouse.locked("test"), raw.warehouse.writing() as self.connection:
            self.run(TABLES)
            for number in range(DEALS):
                self.opens(number)
        self.connection = None

    connection: Any = None
    """Lent while the business begins; each change after that has a connection of its own."""

    def run(self, sql: str, *values: Any) -> None:
        if self.connection is not None:
            self.connection.execute(sql, list(values)) if values else self.connection.execute(sql)
            return
        with self.raw.warehouse.locked("test"), self.raw.warehouse.writing() as connection:
            connection.execute(sql, list(values)) if values else connection.execute(sql)

    def opens(self, number: int) -> None:
        closed = self.chosen.random() < 0.6
        amount = self.chosen.randrange(-1_000, 1_000_000) / 100
        self.run("insert into intermediate.int_people values (?, ?)", f"p{number}", START)
        self.run(
            "insert into intermediate.int_opportunity_people values (?, ?, 'contact_role')",
            f"d{number}", f"p{number}",
        )  # fmt: skip
        self.run(
            "insert into intermediate.int_opportunities values (?, null, ?, ?, ?, ?, ?, ?, 'USD')",
            f"d{number}", START + timedelta(days=60), closed, closed and self.chosen.random() < 0.5,
            START + timedelta(days=120) if closed else None, amount, amount,
        )  # fmt: skip
        for _ in range(self.chosen.randrange(1, 6)):
            self.meets(f"p{number}")

    def meets(self, person: str) -> None:
        self.met += 1
        self.run(
            "insert into intermediate.int_touches values (?, ?, ?, ?, 'form', true, true, ?, 'r')",
            f"t{self.met:05}", person, START + timedelta(hours=self.chosen.randrange(4000)),
            self.chosen.choice(["email", "direct", "webinar"]), self.chosen.choice(["a", "b", None]),
        )  # fmt: skip

    def happens(self, step: int) -> None:
        """A touch more, and one of everything else in turn: lost, merged, reopened, gone, another amount."""
        some, other = self.chosen.sample(range(DEALS), 2)
        self.meets(f"p{some}")
        (
            lambda: self.run("delete from intermediate.int_touches where person_id = ?", f"p{other}"),
            lambda: self.run(
                "update intermediate.int_opportunity_people set opportunity_id = ? where opportunity_id = ?",
                f"d{some}", f"d{other}",
            ),
            lambda: self.run(
                "update intermediate.int_opportunities set is_closed = false, is_won = false, "
                "closed_at = null where opportunity_id = ?", f"d{other}",
            ),
            lambda: self.run(
                "delete from intermediate.int_opportunities where opportunity_id = ?", f"d{other}"
            ),
            lambda: self.run(
                "update intermediate.int_opportunities set amount = 33.33, amount_converted = 33.34 "
                "where opportunity_id = ?", f"d{other}",
            ),
        )[step % 5]()  # fmt: skip


def built(raw: RawTables, *, full: bool = False) -> None:
    with raw.warehouse.locked("test"):
        transform.build(raw.warehouse, raw.settings, raw.run, "marts", only=BUILT, full=full)


def held(raw: RawTables) -> dict[str, list[tuple[Any, ...]]]:
    return {name: raw.query(f"from {name} order by all") for name in INCREMENTAL}


def due(raw: RawTables, name: str) -> int:
    return int(raw.query(f"select count(*) from incremental.{name.split('.')[1]}__due")[0][0])


@pytest.fixture(scope="module")
def business(tmp_path_factory: pytest.TempPathFactory) -> Business:
    raw = RawTables(tmp_path_factory.mktemp("credits"))
    raw.write_rules()
    # Data-driven models look at all journeys: one that is new changes everybody's credit. Without them:
    with raw.warehouse.locked("test"), raw.warehouse.writing() as connection:
        connection.execute("delete from rules.attribution_models where method = 'channel'")
    business = Business(raw)
    built(raw)
    return business


def test_ten_incremental_runs_equal_one_full_one(business: Business) -> None:
    raw = business.raw
    before = held(raw)
    for step in range(10):
        business.happens(step)
        built(raw)
        assert [due(raw, name) <= 3 for name in INCREMENTAL] == [True] * 3, step
    stepwise = held(raw)
    built(raw, full=True)
    assert held(raw) == stepwise
    assert stepwise != before
    assert due(raw, INCREMENTAL[2]) > DEALS - 10


def test_a_run_without_changes_works_nothing_out_and_one_with_another_model_everything(
    business: Business,
) -> None:
    built(business.raw)
    built(business.raw)
    assert [due(business.raw, name) for name in INCREMENTAL] == [0, 0, 0]
    business.run(
        "update rules.attribution_models set w_first = 500000, w_last = 300000 where model = 'position_based'"
    )
    built(business.raw)
    assert due(business.raw, INCREMENTAL[0]) == 0
    stepwise = held(business.raw)
    assert due(business.raw, INCREMENTAL[1]) > DEALS - 10
    built(business.raw, full=True)
    assert held(business.raw) == stepwise


def test_a_new_journey_changes_what_a_data_driven_model_gives_to_everybody(business: Business) -> None:
    business.raw.write_rules()
    built(business.raw)
    business.meets("p1")
    business.run(
        "update intermediate.int_opportunities set is_closed = true, is_won = true "
        "where opportunity_id = 'd1'"
    )
    built(business.raw)
    stepwise = held(business.raw)
    built(business.raw, full=True)
    assert held(business.raw) == stepwise
