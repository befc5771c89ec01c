"""What credit costs when little is new: the dbt models themselves, in full, without changes, with 1% new.

Belongs here: the data, three builds and the table. Heuristic models only: what the data-driven ones give to
everybody changes with every journey.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.attribution import _DATA, HEURISTICS
from pipelines import transform
from tests.fixtures.raw_tables import RawTables

_BUILT = (
    "int_credit_deals", "int_deal_touches", "int_credit_journeys", "int_journeys", "int_channel_values",
    "int_credit_weights", "attribution_credits",
)  # fmt: skip
_MEASURED = (
    "int_credit_deals",
    "int_deal_touches",
    "int_credit_journeys",
    "int_credit_weights",
    "attribution_credits",
)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks attribution_incremental")
    parser.add_argument("--touches", type=int, default=10_000_000)
    parser.add_argument("--deals", type=int, default=50_000)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        raw = RawTables(Path(folder) / "home")
        raw.write_rules()
        _fill(raw, asked.touches, asked.deals)
        print(f"\n#### {asked.touches:,} touches, {asked.deals:,} deals, {len(HEURISTICS)} heuristics\n")
        print("| run | s | of it credit after touches are found | deals due |\n| --- | ---: | ---: | ---: |")
        _told(raw, "full", full=True)
        _told(raw, "nothing new")
        with raw.warehouse.locked("bench"), raw.warehouse.writing() as connection:
            connection.execute(
                "insert into intermediate.int_touches select 'n' || touchpoint_id, person_id, "
                "occurred_at + interval 1 hour, channel, touch_type, is_counted, earns_credit, campaign_id, "
                "record_key from intermediate.int_touches where hash(person_id) % 100 = 0"
            )
        _told(raw, "1% of people with new touches")


def _fill(raw: RawTables, touches: int, deals: int) -> None:
    sql = _DATA.format(touches=touches, deals=deals, people=deals * 20)
    with raw.warehouse.locked("bench"), raw.warehouse.writing() as connection:
        connection.execute("create schema if not exists intermediate; use intermediate")
        for statement in sql.split(";"):
            if statement.strip() and "create table run " not in statement and "create view" not in statement:
                connection.execute(statement)
        names = ", ".join(f"'{name}'" for name in HEURISTICS)
        connection.execute(f"delete from rules.attribution_models where model not in ({names})")


def _told(raw: RawTables, what: str, *, full: bool = False) -> None:
    with raw.warehouse.locked("bench"):
        done = transform.build(raw.warehouse, raw.settings, raw.run, "marts", only=_BUILT, full=full)
    seconds = {node.name: node.seconds for node in done.nodes if node.kind == "model"}
    due = raw.query("select count(*) from incremental.attribution_credits__due")[0][0]
    total = sum(seconds[name] for name in _MEASURED)
    later = sum(seconds[name] for name in _MEASURED[2:])
    print(f"| {what} | {total:.1f} | {later:.1f} | {due:,} |", flush=True)
