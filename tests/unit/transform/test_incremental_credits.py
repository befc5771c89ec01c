"""Touches, what they tell of people, and credit, worked out for whom and what changed, are what a full
build gives, row by row."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines import transform
from tests.fixtures.few_models import cut_down
from tests.fixtures.raw_tables import RawTables

TOUCHES, PEOPLE, JOURNEYS, DEALLESS, WEIGHTS, CREDITS, DATA_DRIVEN, *SUMS = INCREMENTAL = (
    "intermediate.int_touches",
    "intermediate.int_person_touches",
    "intermediate.int_credit_journeys",
    "intermediate.int_dealless_journeys",
    "intermediate.int_credit_weights",
    "intermediate.int_rule_based_credits",
    "intermediate.int_data_driven_parts",
    "intermediate.int_campaign_influence",
    "intermediate.int_channel_touches",
    "intermediate.int_rule_based_sums",
    "intermediate.int_deal_sources",
)
MADE_OF_THESE = ("marts.attribution_credits", "marts.campaign_influence", "intermediate.int_credit_sums")
BUILT = (
    "int_zone_days", "int_touches", "int_person_touches", "int_credit_deals", "int_deal_touches",
    "int_deal_sources",
    "int_credit_journeys", "int_dealless_journeys", "int_journeys", "int_channel_values",
    "int_credit_weights", "int_credit_money", "int_rule_based_credits", "int_rule_based_sums",
    "int_data_driven_parts", "int_data_driven_credits", "int_data_driven_sums",
    "attribution_credits", "int_campaign_influence", "campaign_influence", "int_channel_touches",
    "int_credit_sums",
)  # fmt: skip
TABLES = """
create schema if not exists intermediate;
create table intermediate.int_campaign_members (record_key varchar, campaign_id varchar);
create table intermediate.int_campaigns (campaign_id varchar, name varchar);
insert into intermediate.int_campaigns values ('a', 'Autumn'), ('b', 'Brunch');
create table intermediate.int_people (person_id varchar, created_at timestamptz);
create table intermediate.int_opportunity_people (opportunity_id varchar, person_id varchar, via varchar);
create table intermediate.int_opportunities (opportunity_id varchar, campaign_id varchar,
    created_at timestamptz, is_closed boolean, is_won boolean, closed_at timestamptz, amount decimal(18, 2),
    amount_converted decimal(18, 2), currency varchar);
create table intermediate.int_told_touches (touchpoint_id varchar, record_key varchar, person_id varchar,
    occurred_at timestamptz, channel varchar, source varchar, medium varchar, campaign_id varchar,
    content varchar, touch_type varchar, kind varchar, is_response boolean, is_bot boolean,
    earns_credit boolean, source_record_key varchar, is_made_of_another boolean, is_member boolean,
    is_day boolean default false,
    day date generated always as (cast(make_timestamp(epoch_us(occurred_at)) as date)));
"""
START, DEALS, DEALLESS_PEOPLE = datetime(2026, 1, 1, tzinfo=UTC), 60, 30


class Business:
    """Deals, their people and what these did, and what may happen to all of them."""

    def __init__(self, raw: RawTables) -> None:
        self.raw, self.chosen, self.met = raw, random.Random(5), 0
        with raw.warehouse.locked("test"), raw.warehouse.writing() as self.connection:
            self.run(TABLES)
            for number in range(DEALS):
                self.opens(number)
            for number in range(DEALLESS_PEOPLE):
                self.meets(f"n{number}")
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

    def clicks(self, touch: str, person: str, at: datetime) -> None:
        self.run(
            "insert into intermediate.int_told_touches values (?, 'r', ?, ?, 'email', null, null, "
            "null, 'link', 'email_click', 'email_click', true, false, true, ?, false, false, false)",
            touch, person, at, f"hubspot:1:click:{touch}",
        )  # fmt: skip

    def meets(self, person: str | None) -> None:
        """A click on some link, told by one or two records; by chance it is another's, told once more."""
        told = (
            START + timedelta(hours=self.chosen.randrange(4000)),
            self.chosen.choice(["email", "direct", "webinar"]), self.chosen.choice(["a", "b", None]),
        )  # fmt: skip
        for _ in range(self.chosen.choice([1, 1, 2])):
            self.met += 1
            self.run(
                "insert into intermediate.int_told_touches values (?, 'r', ?, ?, ?, null, null, ?, 'link', "
                "'email_click', 'email_click', true, false, true, ?, false, false, false)",
                f"{self.met % 256:02x}t{self.met:05}", person, *told, f"hubspot:1:click:{self.met}",
            )  # fmt: skip

    def happens(self, step: int) -> None:
        """A touch more, and one of everything else in turn: people whose touches are lost, or are
        nobody's or another's, deals that are merged, reopened, gone, of another amount."""
        some, other = self.chosen.sample(range(DEALS), 2)
        self.meets(f"p{some}")
        touches = "update intermediate.int_told_touches set person_id"
        (
            lambda: self.run("delete from intermediate.int_told_touches where person_id = ?", f"p{other}"),
            lambda: self.run(f"{touches} = null where person_id = ?", f"p{other}"),
            lambda: self.run(f"{touches} = ? where person_id = ?", f"p{some}", f"p{other}"),
            lambda: self.run(f"{touches} = ? where person_id is null", f"p{other}"),
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
            lambda: self.run(
                "delete from intermediate.int_opportunity_people where person_id = ?", f"p{other}"
            ),
        )[step % 9]()  # fmt: skip


def built(raw: RawTables, *only: str, full: bool = False, tests: bool = True) -> None:
    with raw.warehouse.locked("test"):
        transform.build(
            raw.warehouse, raw.settings, raw.run, "marts", only=only or BUILT, full=full, tests=tests
        )


def held(raw: RawTables) -> dict[str, list[tuple[Any, ...]]]:
    return {name: raw.query(f"from {name} order by all") for name in (*INCREMENTAL, *MADE_OF_THESE)}


@pytest.fixture(scope="module")
def business(parsed: Path, tmp_path_factory: pytest.TempPathFactory) -> Business:
    raw = RawTables(tmp_path_factory.mktemp("credits"), dbt_target=parsed)
    cut_down(raw.settings, BUILT)
    raw.write_rules()
    business = Business(raw)
    built(raw)
    return business


def test_five_incremental_runs_equal_one_full_one(business: Business) -> None:
    raw = business.raw
    before = held(raw)
    moved, told_of = 0, 0
    for step in range(0, 10, 2):
        with raw.warehouse.locked("test"):  # the file is opened once for all of it
            business.happens(step)
            business.happens(step + 1)
        built(raw, tests=step == 8)  # what it comes to is what is tested
        assert raw.due(TOUCHES, "not like 'nobody:%'") <= 6, step
        assert raw.due(PEOPLE) <= raw.due(TOUCHES), step
        told_of += raw.due(TOUCHES) - raw.due(PEOPLE)
        assert raw.due(JOURNEYS) <= 8, step
        assert 0 < raw.due(WEIGHTS) <= raw.due(CREDITS) <= 8, step
        assert [name for name in (DEALLESS, *SUMS) if raw.in_full(name)] == [], step
        # A journey more moves the worth of channels, and so what a data-driven model gives to everybody.
        moved += raw.in_full(DATA_DRIVEN)
    assert moved > 2, "no journey moved the worth of channels"
    assert told_of > 0, "people whose row came out as it was are told of"
    stepwise = held(raw)
    copies = raw.query(
        "select count(*) from intermediate.int_touches where not is_counted and person_id is not null"
    )
    assert copies[0][0] > 10
    built(raw, full=True)
    assert held(raw) == stepwise
    assert [name for name in stepwise if stepwise[name] == before[name]] == []
    assert raw.in_full(CREDITS)


def test_a_run_that_a_model_did_not_see_and_a_touch_that_comes_to_pass_are_made_up_for(
    business: Business,
) -> None:
    raw = business.raw
    as_of = raw.query("select as_of from rules.run")[0][0]
    planned = (
        "select person_id, touches from intermediate.int_person_touches "
        "where person_id in ('planned', 'only planned') order by all"
    )
    places = "select touchpoint_id, rowid from intermediate.int_touches where person_id = 'planned'"
    for number, (person, days) in enumerate((("planned", -1), ("planned", 1), ("only planned", 1))):
        business.clicks(f"planned{number}", person, as_of + timedelta(days=days))
    business.meets("p1")
    built(raw, "int_touches")
    there = dict(raw.query(places))
    business.clicks("planned3", "planned", as_of - timedelta(days=3))
    business.meets("p2")
    built(raw)
    assert raw.query(planned) == [("planned", 2)]
    # What came out as it was stays where it was.
    assert {name: place for name, place in raw.query(places) if name in there} == there
    business.run("update rules.run set as_of = as_of + interval 2 days")
    built(raw)
    assert raw.query(planned) == [("only planned", 1), ("planned", 3)]
    assert (raw.due(TOUCHES), raw.due(PEOPLE), raw.in_full(DEALLESS)) == (0, 2, False)
    stepwise = held(raw)
    built(raw, full=True)
    assert held(raw) == stepwise


def test_a_run_without_changes_works_nothing_out_and_one_with_another_model_its_weights(
    business: Business,
) -> None:
    built(business.raw)
    built(business.raw)
    assert [business.raw.due(name) for name in INCREMENTAL] == [0] * len(INCREMENTAL)
    business.run(
        "update rules.attribution_models set w_first = 500000, w_last = 300000 where model = 'position_based'"
    )
    built(business.raw)
    assert (business.raw.due(JOURNEYS), business.raw.in_full(WEIGHTS)) == (0, True)
    stepwise = held(business.raw)
    built(business.raw, full=True)
    assert held(business.raw) == stepwise
