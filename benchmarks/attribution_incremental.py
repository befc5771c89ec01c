"""What touches and credit cost when little is new: dbt's own runs, in full, without changes, with 1% new.

Belongs here: the data, three builds and the table. Heuristic models only: what the data-driven ones give to
everybody changes with every journey.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks.attribution import _DATA, HEURISTICS
from pipelines import transform
from tests.fixtures.raw_tables import RawTables

_BUILT = (
    "int_zone_days", "int_touches", "int_credit_deals", "int_deal_touches", "int_credit_journeys",
    "int_dealless_journeys", "int_journeys", "int_channel_values",
    "int_credit_weights", "int_credit_money", "int_rule_based_credits",
)  # fmt: skip
_MEASURED = (
    "int_touches", "int_credit_deals", "int_deal_touches", "int_credit_journeys",
    "int_credit_weights", "int_credit_money", "int_rule_based_credits",
)  # fmt: skip
_TOLD = """
create table intermediate.int_told_touches as
select touchpoint_id, record_key, person_id, occurred_at, channel, null::varchar as source,
    null::varchar as medium, campaign_id, null::varchar as content, touch_type, 'first_conversion' as kind,
    true as is_response, false as is_bot, earns_credit,
    'hubspot:1:contacts:' || touchpoint_id as source_record_key, false as is_made_of_another,
    false as is_member, false as is_day,
    cast(occurred_at as date) as day
from intermediate.int_touches;
drop table intermediate.int_touches;
"""


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
        print("| run | CPU s | s | of it `int_touches` | of it credit | people due | deals due |")
        print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
        _told(raw, "full", full=True)
        _told(raw, "nothing new")
        with raw.warehouse.locked("bench"), raw.warehouse.writing() as connection:
            connection.execute(
                "insert into intermediate.int_told_touches by name select "
                "'n' || touchpoint_id as touchpoint_id, occurred_at + interval 1 hour as occurred_at, "
                "* exclude (touchpoint_id, occurred_at) "
                "from intermediate.int_told_touches where hash(person_id) % 100 = 0"
            )
        _told(raw, "1% of people with new touches")


def _fill(raw: RawTables, touches: int, deals: int) -> None:
    sql = _DATA.format(touches=touches, deals=deals, people=deals * 20)
    with raw.warehouse.locked("bench"), raw.warehouse.writing() as connection:
        connection.execute("create schema if not exists intermediate; use intermediate")
        for statement in sql.split(";"):
            if statement.strip() and "create table run " not in statement and "create view" not in statement:
                connection.execute(statement)
        connection.execute(_TOLD)
        names = ", ".join(f"'{name}'" for name in HEURISTICS)
        connection.execute(f"delete from rules.attribution_models where model not in ({names})")


def _told(raw: RawTables, what: str, *, full: bool = False) -> None:
    before = time.process_time()
    with raw.warehouse.locked("bench"):
        done = transform.build(
            raw.warehouse, raw.settings, raw.run, "marts", only=_BUILT, full=full, tests=False
        )
    used = time.process_time() - before
    seconds = {node.name: node.seconds for node in done.nodes if node.kind == "model"}
    people = raw.query("select count(*) from incremental.int_touches__due")[0][0]
    deals = raw.query("select count(*) from incremental.int_rule_based_credits__due")[0][0]
    total = sum(seconds[name] for name in _MEASURED)
    later = total - sum(seconds[name] for name in _MEASURED[:3])
    print(
        f"| {what} | {used:.1f} | {total:.1f} | {seconds['int_touches']:.1f} | {later:.1f} | {people:,} | "
        f"{deals:,} |",
        flush=True,
    )
