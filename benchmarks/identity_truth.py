"""Precision and recall of people, companies and deals on the answer key of a world that was built.

Belongs here: comparing what a build published with what the world's maker wrote down. The engine never sees
the key. A pair is two records of one person (company, deal); records that the CRMs deleted are left out.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

_KINDS = (
    ("people", "persons", "person", "lead_identities", "person_id"),
    ("companies", "companies", "company", "account_identities", "account_id"),
    ("deals", "deals", "deal", "opportunity_identities", "opportunity_id"),
)


@dataclass(frozen=True)
class Score:
    """Pairs found, true and both; `f1` is the harmonic mean of precision and recall."""

    found: int
    true: int
    both: int

    @property
    def precision(self) -> float:
        return self.both / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        return self.both / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        return 2 * self.both / (self.found + self.true) if self.found + self.true else 1.0


def scores(home: Path) -> Iterator[tuple[str, Score]]:
    """Of each kind of thing, for the build in `home`."""
    with duckdb.connect(str(home / "analytics.duckdb"), read_only=True) as connection:  # noqa: TID251
        for name, table, truth, mart, found in _KINDS:
            _lend(connection, home, table, truth)
            connection.execute(
                f"create or replace temp table placed as select k.truth, i.{found} as found, i.record_key "
                f"from marts.{mart} as i inner join key_rows as k on i.source = k.vendor "
                "and i.source_object = k.object and i.source_id = k.record_id"
            )
            row = connection.execute(
                "select (select sum(n * (n - 1) // 2) from (select count(*) as n from placed group by "
                "found)), "
                "(select sum(n * (n - 1) // 2) from (select count(*) as n from placed group by truth)), "
                "(select sum(n * (n - 1) // 2) from (select count(*) as n from placed group by truth, found))"
            ).fetchone()
            yield name, Score(*(int(value or 0) for value in row or (0, 0, 0)))


def totals(home: Path) -> dict[str, tuple[float, float]]:
    """What, ours and the truth: deals, their amount, and what of it is won. A true deal counts once, at
    Salesforce's amount and outcome where Salesforce has it. Amounts are added up across currencies as
    they are.
    """
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:  # noqa: TID251
        _lend(connection, home, "deals", "deal")
        rows = connection.execute(
            """
            with true_deals as (
                select k.truth, arg_min(r.amount, r.vendor != 'salesforce') as amount,
                    arg_min(r.is_won, r.vendor != 'salesforce') as is_won
                from key_rows as k inner join intermediate.int_opportunity_records as r
                on k.vendor = r.vendor and k.object = r.object and k.record_id = r.record_id
                group by k.truth
            )
            select (select (count(*), sum(amount), sum(amount) filter (is_won)) from marts.opportunities),
                (select (count(*), sum(amount), sum(amount) filter (is_won)) from true_deals)"""
        ).fetchone()
    ours, true = (tuple(float(value or 0) for value in side) for side in rows or ((0, 0, 0), (0, 0, 0)))
    names = ("deals", "pipeline, all deals", "won revenue")
    return {name: (a, b) for name, a, b in zip(names, ours, true, strict=True)}


def table(home: Path) -> str:
    """Both as Markdown."""
    lines = [
        "| | pairs found | true pairs | precision | recall | F1 |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, s in scores(home):
        lines.append(
            f"| {name} | {s.found:,} | {s.true:,} | {s.precision:.4f} | {s.recall:.4f} | {s.f1:.4f} |"
        )
    lines += ["", "| | ours | truth | difference |", "| --- | ---: | ---: | ---: |"]
    for name, (ours, true) in totals(home).items():
        lines.append(f"| {name} | {ours:,.0f} | {true:,.0f} | {(ours - true) / true:+.2%} |")
    return "\n".join(lines)


def _lend(connection: duckdb.DuckDBPyConnection, home: Path, table: str, truth: str) -> None:
    with sqlite3.connect(home / "sandbox" / "answer_key.sqlite") as key:
        rows = key.execute(f"select {truth}, vendor, object, record_id from {table}").fetchall()
    connection.execute(
        "create or replace temp table key_rows (truth bigint, vendor varchar, object varchar, record_id "
        "varchar)"
    )
    columns = (list(column) for column in zip(*rows, strict=True))
    names = ("truth", "vendor", "object", "record_id")
    connection.register("key_incoming", pa.table(dict(zip(names, columns, strict=True))))
    connection.execute("insert into key_rows select * from key_incoming")
    connection.unregister("key_incoming")
