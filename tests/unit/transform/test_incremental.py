"""Incremental models: runs of changes, two at a time, leave what one full build makes, row by row."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines import transform
from tests.fixtures.few_models import cut_down
from tests.fixtures.raw_tables import PORTAL, RawTables

INCREMENTAL = ("int_stage_stays", "int_deal_states")
BUILT = (
    "stg_hubspot__deals_property_history", "stg_hubspot__pipeline_stages",
    "stg_salesforce__opportunity_stages", "stg_salesforce__opportunity_history",
    "stg_salesforce__opportunity_field_history", "int_stage_changes", "int_told_records",
    "int_told_stage_changes", "int_deal_moments", *INCREMENTAL,
)  # fmt: skip
TABLES = """
create schema if not exists intermediate;
create table intermediate.int_opportunity_members (record_key varchar, opportunity_id varchar);
create table intermediate.int_opportunity_records (
    record_key varchar, record_id varchar, vendor varchar, object varchar, pipeline varchar, currency varchar,
    owner_source_id varchar);
create table intermediate.int_owner_records (vendor varchar, source_id varchar, owner_id varchar);
insert into intermediate.int_owner_records values ('hubspot', '70', 'maya'), ('salesforce', '005', 'maya');
"""
STAGES = ("appointmentscheduled", "presentationscheduled", "contractsent", "closedwon", "closedlost", "odd")
START = datetime(2026, 1, 1, tzinfo=UTC)
DEALS = 40


class Deals:
    """The deals of a portal, their records and histories, and what may happen to them."""

    def __init__(self, raw: RawTables) -> None:
        self.raw, self.chosen, self.born = raw, random.Random(11), 0
        with raw.warehouse.locked("test"), raw.warehouse.writing() as self._connection:
            self._run(TABLES)
            for _ in range(DEALS):
                self.opens()
        self._connection = None

    _connection: Any = None
    """Lent while the deals begin; each change after that has a connection of its own."""

    def _run(self, sql: str, values: list[Any] | None = None) -> None:
        if self._connection is not None:
            self._connection.execute(sql, values)
            return
        with self.raw.warehouse.locked("test"), self.raw.warehouse.writing() as connection:
            connection.execute(sql, values) if values is not None else connection.execute(sql)

    def _any(self) -> str:
        asked = "select record_id from intermediate.int_opportunity_records order by all"
        with self.raw.warehouse.locked("test"), self.raw.warehouse.writing() as connection:
            rows = connection.execute(asked).fetchall()
        return str(self.chosen.choice(rows)[0])

    def opens(self) -> None:
        self.born += 1
        number = str(self.born)
        key = f"hubspot:{PORTAL}:deals:{number}"
        self._run("insert into intermediate.int_opportunity_members values (?, ?)", [key, f"deal {number}"])
        self._run(
            "insert into intermediate.int_opportunity_records values "
            "(?, ?, 'hubspot', 'deals', 'default', 'USD', '70')",
            [key, number],
        )
        for day in range(self.chosen.randrange(1, 5)):
            self.moves(number, day)

    def moves(self, number: str, day: int | None = None) -> None:
        at = START + timedelta(days=self.chosen.randrange(150) if day is None else day)
        name, value = self.chosen.choice(
            [("dealstage", self.chosen.choice(STAGES)), ("amount", str(self.chosen.randrange(1000)))]
        )
        if day is not None:
            name, value = "dealstage", self.chosen.choice(STAGES)
        self._run(
            "insert into raw_hubspot.deals_property_history (id, property, changed_at, value) "
            "select $id, $name, $at::timestamptz, $value where not exists (select 1 from "
            "raw_hubspot.deals_property_history where id = $id and property = $name and changed_at = $at)",
            {"id": number, "name": name, "at": at, "value": value},  # type: ignore[arg-type]
        )

    def goes(self, number: str) -> None:
        self._run(
            "delete from intermediate.int_opportunity_members where record_key like '%:' || ?", [number]
        )
        self._run("delete from intermediate.int_opportunity_records where record_id = ?", [number])

    def is_edited(self, number: str) -> None:
        self._run(
            "update raw_hubspot.deals_property_history set value = 'contractsent' "
            "where id = ? and property = 'dealstage'", [number],
        )  # fmt: skip

    def forgets(self, number: str) -> None:
        self._run("delete from raw_hubspot.deals_property_history where id = ?", [number])

    def merges(self, number: str, into: str) -> None:
        self._run(
            "update intermediate.int_opportunity_members set opportunity_id = ? "
            "where record_key like '%:' || ?",
            [f"deal {into}", number],
        )

    def happens(self, step: int) -> None:
        """A deal moves, and something else happens, in turn."""
        self.moves(self._any())
        (
            self.opens,
            lambda: self.goes(self._any()),
            lambda: self.merges(self._any(), self._any()),
            lambda: self.is_edited(self._any()),
            lambda: self.forgets(self._any()),
        )[step % 5]()


def built(raw: RawTables, *, full: bool = False, tests: bool = True) -> None:
    with raw.warehouse.locked("test"):
        transform.build(raw.warehouse, raw.settings, raw.run, "marts", only=BUILT, full=full, tests=tests)


def held(raw: RawTables) -> dict[str, list[tuple[Any, ...]]]:
    return {name: raw.query(f"from intermediate.{name} order by all") for name in INCREMENTAL}


@pytest.fixture(scope="module")
def deals(parsed: Path, tmp_path_factory: pytest.TempPathFactory) -> Deals:
    raw = RawTables(tmp_path_factory.mktemp("incremental"), dbt_target=parsed)
    cut_down(raw.settings, BUILT)
    raw.write_rules()
    deals = Deals(raw)
    built(raw)
    return deals


def test_five_incremental_runs_equal_one_full_one(deals: Deals) -> None:
    raw = deals.raw
    before, worked_out = held(raw), 0
    for step in range(0, 10, 2):
        with raw.warehouse.locked("test"):  # the file is opened once for all of it
            deals.happens(step)
            deals.happens(step + 1)
        built(raw, tests=step == 8)  # what it comes to is what is tested
        assert raw.due("int_stage_stays") <= raw.due("int_deal_states") <= 6, step
        worked_out += raw.due("int_stage_stays")
    stepwise = held(raw)
    built(raw, full=True)
    assert stepwise == held(raw)
    assert stepwise != before
    assert worked_out > 10
    assert len(stepwise["int_stage_stays"]) > DEALS
    assert raw.in_full("int_stage_stays")


def test_a_run_without_changes_works_nothing_out(deals: Deals) -> None:
    built(deals.raw)
    before = held(deals.raw)
    built(deals.raw)
    assert [deals.raw.due(model) for model in INCREMENTAL] == [0, 0]
    assert held(deals.raw) == before


def test_a_change_of_config_builds_what_reads_it_anew(deals: Deals) -> None:
    built(deals.raw)
    with deals.raw.warehouse.locked("test"), deals.raw.warehouse.writing() as connection:
        connection.execute("update rules.stages set canonical_stage = 'renamed' where stage = 'contractsent'")
    built(deals.raw)
    assert deals.raw.due("int_stage_stays") == 0, "stays do not read what a stage means"
    assert deals.raw.in_full("int_deal_states")
    [(renamed, others)] = deals.raw.query(
        "select count(*) filter (where canonical_stage = 'renamed'), "
        "count(*) filter (where canonical_stage != 'renamed') from intermediate.int_deal_states "
        "where stage = 'contractsent'"
    )
    assert (renamed > 0, others) == (True, 0)


def test_a_model_that_fails_keeps_what_it_held_and_is_mended_by_the_next_run(deals: Deals) -> None:
    raw = deals.raw
    built(raw)
    deals.moves("1")
    with raw.warehouse.locked("test"), raw.warehouse.writing() as connection:
        connection.execute("alter table incremental.int_stage_stays__state rename to aside")
        connection.execute("create view incremental.int_stage_stays__state as from incremental.aside")
    before = raw.query("from intermediate.int_stage_stays order by all")
    with pytest.raises(Exception, match="int_stage_stays"):
        built(raw)
    assert raw.query("from intermediate.int_stage_stays order by all") == before
    with raw.warehouse.locked("test"), raw.warehouse.writing() as connection:
        connection.execute("drop view incremental.int_stage_stays__state")
        connection.execute("alter table incremental.aside rename to int_stage_stays__state")
    built(raw)
    stepwise = held(raw)
    built(raw, full=True)
    assert held(raw) == stepwise
