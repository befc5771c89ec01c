"""The phases of `reporting`, one for each process: `python -m benchmarks.reporting_phases PHASE HOME SIZE`.

Belongs here: making the world and its raw tables, changing 1% of them, the clocks around what is measured.
"""

from __future__ import annotations

import json
import re
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import duckdb

from benchmarks import raw_world
from dashboards import page
from dashboards.answers import ask, tables
from dashboards.filters import choices, read
from dashboards.panels import sections
from pipelines import transform
from pipelines.run import Run
from pipelines.settings import PROJECT_ROOT, Settings, load_settings
from pipelines.sources import tables as sources
from pipelines.state import registry
from pipelines.state.engine import State
from pipelines.warehouse import Warehouse
from sandbox.worlds import create

Told = dict[str, Any]
FLOOR = Path(__file__).with_name("reporting_floor.sql")
BY_HAND = (
    "int_stage_changes", "int_told_records", "int_stage_stays", "int_stage_history", "stage_history",
    "int_stage_spells", "int_stage_moves", "int_deal_moments", "int_deal_states", "int_opportunity_rates",
    "deal_states", "int_pipeline_days", "pipeline_snapshots", "forecasts", "int_velocity_counts",
    "pipeline_velocity", "stage_conversions", "time_in_stage", "int_win_counts", "win_rates", "deal_sizes",
)  # fmt: skip
"""The models that make of the same what the floor makes by hand."""
MANY = 100

_COUNTS = """
select (select count(*) from raw_hubspot.contacts) + (select count(*) from raw_salesforce.lead)
    + (select count(*) from raw_salesforce.contact),
    (select count(*) from raw_salesforce.campaign_member) + (select count(*) from raw_salesforce.task),
    (select count(*) from raw_hubspot.deals) + (select count(*) from raw_salesforce.opportunity)
"""
_CHANGE = """
update raw_hubspot.contacts set phone = '+1 555 0100', updated_at = $now where hash(id) % 100 = 0;
update raw_salesforce.lead set "Title" = 'Changed', "SystemModstamp" = $now where hash("Id") % 100 = 0;
update raw_salesforce.contact set "Title" = 'Changed', "SystemModstamp" = $now where hash("Id") % 100 = 0;
insert into raw_salesforce.opportunity_history by name
    select * replace ('N' || "Id" as "Id", 'Negotiation/Review' as "StageName", $now as "CreatedDate")
    from raw_salesforce.opportunity_history where hash("OpportunityId") % 100 = 0
    qualify row_number() over (partition by "OpportunityId" order by "CreatedDate" desc, "Id") = 1;
update raw_salesforce.opportunity set "StageName" = 'Negotiation/Review', "IsClosed" = false, "IsWon" = false,
    "SystemModstamp" = $now where hash("Id") % 100 = 0;
insert into raw_hubspot.deals_property_history by name
    select id, 'amount' as property, $now as changed_at, '4321' as value
    from raw_hubspot.deals where hash(id) % 100 = 0;
update raw_hubspot.deals set amount = 4321, updated_at = $now where hash(id) % 100 = 0;
insert into raw_salesforce.campaign_member by name
    select * replace ('N' || "Id" as "Id", $now as "CreatedDate", $now as "SystemModstamp")
    from raw_salesforce.campaign_member where hash("Id") % 100 = 0;
insert into raw_salesforce.task by name
    select * replace ('N' || "Id" as "Id", $now as "CreatedDate", $now as "SystemModstamp")
    from raw_salesforce.task where hash("Id") % 100 = 0
"""


class Phases:
    """One home: `sandbox/` is the world, `var/` what is made of it, `bare/` what is made of nothing."""

    def __init__(self, home: Path, size: str, made: str = "var") -> None:
        self.home, self.size, self.sandbox = home, size, home / "sandbox"
        self.settings: Settings = load_settings({"CRM_HOME": str(home / made)}, vendors=False)
        self.warehouse = Warehouse(self.settings.paths)

    def world(self) -> Told:
        create.open_home(self.sandbox, create.Wish("default", self.size), lambda _: None)
        return {}

    def fill(self) -> Told:
        self.settings.paths.home.mkdir(parents=True, exist_ok=True)
        self.settings.paths.warehouse.unlink(missing_ok=True)
        raw_world.fill(self.warehouse, self.sandbox)
        with self.warehouse.reading("work") as connection:
            counted = connection.execute(_COUNTS).fetchone() or (0, 0, 0)
        return dict(zip(("people", "touches", "deals"), counted, strict=True))

    def full(self) -> Told:
        told = self._build(full=True)
        self._keeps_who_is_who()
        return told

    def _keeps_who_is_who(self) -> None:
        """As a refresh does when it publishes; without it the next build works everybody out."""
        with (
            self.warehouse.locked("benchmark"),
            State.open(self.settings) as state,
            self.warehouse.writing() as connection,
            state.writing() as writing,
        ):
            registry.publish_registry(writing, connection)

    def change(self) -> Told:
        with self.warehouse.locked("benchmark"), self.warehouse.writing() as connection:
            for statement in _CHANGE.split(";"):
                connection.execute(statement, {"now": raw_world.AS_OF})
        return {}

    def incremental(self) -> Told:
        told = self._build(full=False)
        self._keeps_who_is_who()
        with self.warehouse.locked("benchmark"), self.warehouse.writing() as connection:
            told["due"] = {
                name: [
                    _count(connection, f"incremental.{name}__due"),
                    _count(connection, f"incremental.{name}") if is_compared else 0,
                ]
                for name, is_compared in connection.execute(
                    "select table_name[:-8] as name, name in (select table_name from duckdb_tables() "
                    "where schema_name = 'incremental') from duckdb_tables() "
                    "where schema_name = 'incremental' and ends_with(table_name, '__state') order by all"
                ).fetchall()
            }
        return told

    def bare(self) -> Told:
        """The same build over tables without rows: what dbt takes for itself, and a little more."""
        empty = Phases(self.home, self.size, "bare")
        with empty.warehouse.locked("benchmark"):
            empty.warehouse.start_work()
            with empty.warehouse.writing() as connection:
                sources.prepare(connection)
        return empty._build(full=True)

    def plain(self) -> Told:
        """Each SQL model as its own `create table`, in dbt's order; what is made in Python stays as it is."""
        with self.warehouse.locked("benchmark"):
            compiled = transform.compiled_models(self.settings, self.warehouse)
            with self.warehouse.writing() as connection:
                connection.execute("set threads = 2")

                def run() -> None:
                    for relation, kind, sql in compiled:
                        connection.execute(f"create or replace {kind} {relation} as {sql}")

                each_with_each = _each_with_each(connection, compiled)
                return _measured(run) | {"each_with_each": each_with_each}

    def floor(self) -> Told:
        """The pipeline's marts as one would write them for this one question, from the raw histories."""
        with self.warehouse.locked("benchmark"), self.warehouse.writing() as connection:
            connection.execute("set threads = 2")
            told = _measured(lambda: connection.execute(FLOOR.read_text()))
            connection.execute("drop schema plain cascade")
        return told

    def queries(self) -> Told:
        text = (PROJECT_ROOT / "docs" / "analysts.md").read_text()
        asked = re.findall(r"\*\*(\d+\. .*?)\*\*\n\n```sql\n(.*?)```", text, re.S)
        told = {}
        with self.warehouse.reading("work") as connection:
            for title, sql in asked:
                if "ops.journal" in sql:
                    continue  # nothing was written in this world
                began = time.perf_counter()
                connection.execute(sql).fetchall()
                told[title] = round((time.perf_counter() - began) * 1000)
        return {"queries": told}

    def page(self) -> Told:
        """What the page's server does for a click, over the published file: the first time, and again.

        What is desired of the CRMs is built before, for the KPIs come last of all.
        """
        with self.warehouse.locked("benchmark"):
            if not self.warehouse.has_work():
                self.warehouse.start_work()
            desired = _measured(lambda: transform.build(self.warehouse, self.settings, Run(), "desired"))
            compiled = transform.compiled_models(
                self.settings, self.warehouse, ("tag:desired", "tag:activity")
            )
            with self.warehouse.writing() as connection:
                desired["each_with_each"] = _each_with_each(connection, compiled)
            told = {"publishing": _measured(lambda: self.warehouse.publish("benchmark"))}
        told |= {"first": _measured(self._whole_page), "again": _measured(self._whole_page)}
        panels = {}
        with self.warehouse.reading() as connection:
            filters, there = read({}, choices(connection)), tables(connection)
            for panel in (panel for section in sections() for panel in section.panels):
                began = time.perf_counter()
                answer = ask(connection, panel, filters, there, page.most(panel))
                panels[panel.title] = [round((time.perf_counter() - began) * 1000, 1), answer.total]
                if answer.missing:
                    raise SystemExit(f"the panel {panel.title} is not answered: {answer.missing}")
        return told | {"desired": desired, "panels": panels}

    def _whole_page(self) -> None:
        with self.warehouse.reading() as connection:
            known = choices(connection)
            page.render(connection, read({}, known), known, as_of="")

    def _build(self, *, full: bool) -> Told:
        raw_world.write_rules(self.warehouse, self.settings, self.sandbox)
        transform.load_manifest(self.settings)  # parsed once for each version of the project, so not counted
        built: list[transform.BuildResult] = []
        with self.warehouse.locked("benchmark"):
            told = _measured(
                lambda: built.append(
                    transform.build(self.warehouse, self.settings, Run(), "marts", full=full)
                )
            )
        nodes = sorted(built[0].nodes, key=lambda node: -node.seconds)
        return told | {
            "models": built[0].models, "tests": built[0].tests,
            "testing": round(sum(node.seconds for node in nodes if node.kind == "test"), 1),
            "nodes": {node.name: round(node.seconds, 2) for node in nodes if node.kind == "model"},
        }  # fmt: skip


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    return int((connection.execute(f"select count(*) from {table}").fetchone() or (0,))[0])


def _operators(plan: Told) -> Iterator[Told]:
    yield plan
    for each in plan["children"]:
        yield from _operators(each)


def _each_with_each(
    connection: duckdb.DuckDBPyConnection, compiled: Iterable[tuple[str, str, str]]
) -> list[str]:
    """The models in whose plan each of many rows is compared with each of many."""
    return sorted({
        relation for relation, kind, sql in compiled if kind == "table"
        for _, plan in connection.execute(f"explain (format json) {sql}").fetchall()
        if any(_is_quadratic(operator) for operator in _operators(json.loads(plan)[0]))
    })  # fmt: skip


def _is_quadratic(operator: Told) -> bool:
    """Whether a query's step compares each of many rows with each of many: at ten times the size it takes a
    hundred times as long."""
    many = [int(each["extra_info"].get("Estimated Cardinality") or 0) for each in operator["children"]]
    return operator["name"] in ("BLOCKWISE_NL_JOIN", "CROSS_PRODUCT") and min(many, default=0) > MANY


def _measured(work: Callable[[], Any]) -> Told:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return {
        "wall": round(time.perf_counter() - wall, 2), "cpu": round(time.process_time() - cpu, 2),
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }  # fmt: skip


if __name__ == "__main__":
    phase, home, size = sys.argv[1:]
    print(json.dumps(getattr(Phases(Path(home), size), phase)()))
