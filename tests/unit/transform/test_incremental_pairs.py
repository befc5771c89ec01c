"""Pairs of deals worked out for what changed are those of all, for each depends on the others of its ends.

Belongs here: the model's own SQL, in rounds over a few companies. That a whole build does the same is in
`tests/e2e/test_incremental.py`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date

import duckdb
import pytest

from pipelines import transform
from tests.fixtures.raw_tables import RawTables

MODEL, READ = "int_opportunity_pairs", "int_opportunity_compared"
TABLES = """
set timezone = 'UTC'; set threads = 1;
create schema intermediate; create schema incremental; create schema rules;
create table rules.identity (setting varchar, value varchar);
insert into rules.identity values ('merge_when', 'account,amount,close_date'), ('merge_when', 'contact,name');
create table intermediate.int_opportunity_compared (record_key varchar primary key, vendor varchar,
    account_id varchar, name varchar, amount int, currency varchar, close_date date, people ubigint[]);
create table incremental.int_opportunity_pairs__due (owner varchar);
create table changed (owner varchar)
"""


@pytest.fixture(scope="module")
def sql(business: RawTables) -> tuple[str, str]:
    """Of the model, and of who is due."""
    node = transform.load_manifest(business.settings).nodes[f"model.crm.{MODEL}"]
    compiled = business.settings.paths.dbt_target / "compiled" / "crm" / node.original_file_path
    due = node.config.get("through")[READ].replace(f"{{{READ}}}", f"intermediate.{READ}")
    return compiled.read_text(), due.replace("{due}", "(from changed)").replace("{this}", "pairs")


@pytest.fixture
def deals() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(TABLES)
        yield connection


def change(connection: duckdb.DuckDBPyConnection, chosen: random.Random, deals: int) -> None:
    """Some deals come, go or change."""
    for _ in range(deals):
        vendor = chosen.choice(("hubspot", "salesforce"))
        key = f"{vendor}:{chosen.randrange(25)}"
        connection.execute(f"delete from intermediate.{READ} where record_key = ?", [key])
        if chosen.random() < 0.9:
            connection.execute(
                f"insert into intermediate.{READ} values (?, ?, ?, ?, ?, 'EUR', ?, ?)",
                [key, vendor, chosen.choice((None, *"abcdef")), chosen.choice((None, *"mnop")),
                 chosen.choice((None, 1, 2)), date(2026, 1, chosen.randrange(1, 4)),
                 chosen.choice((None, [1], [1, 2], [3]))],
            )  # fmt: skip
        connection.execute("insert into changed values (?)", [key])


def test_pairs_of_deals_that_changed_leave_those_of_all(
    sql: tuple[str, str], deals: duckdb.DuckDBPyConnection
) -> None:
    model, due = sql
    chosen, spared = random.Random(3), 0
    change(deals, chosen, 60)
    deals.execute(f"create table pairs as {transform._of_everybody(model)}")
    for step in range(25):
        deals.execute("delete from changed")
        change(deals, chosen, 2)
        deals.execute(
            f"create or replace table incremental.{MODEL}__due as select distinct owner from ({due})"
        )
        deals.execute(f"delete from pairs where left_key in (from incremental.{MODEL}__due)")
        deals.execute(f"insert into pairs by name {model}")
        ours, theirs = (
            deals.execute(f"from ({asked}) order by all").fetchall()
            for asked in ("from pairs", transform._of_everybody(model))
        )
        assert ours == theirs, step
        spared += deals.execute(
            f"select count(distinct left_key) - (select count(*) from incremental.{MODEL}__due) from pairs"
        ).fetchall()[0][0]
    assert {is_exact for *_, is_exact in ours} == {True, False}
    assert spared > 25, "not all were worked out"
