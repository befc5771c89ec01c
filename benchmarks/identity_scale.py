"""Matching at 100,000 and 1,000,000 records: train once, score and cluster from the kept model, add 1 %.

Belongs here: generated records and the clock. `python -m benchmarks.identity_scale 1000000` measures
one size in
this process and prints a line of JSON; `identity` runs it in a process of its own and makes the table.
Records
are drawn in SQL: names of syllables, companies, phones; about four records in ten are a second one of
somebody,
mistyped, moved or without an address.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import duckdb
import pyarrow as pa

from cli import collector
from pipelines.identity import blocking, build, features, joining, links
from pipelines.identity.build import Work
from pipelines.identity.specs import PERSON
from pipelines.identity.training import train
from pipelines.settings import load_settings
from pipelines.state import registry
from pipelines.state.engine import State

AS_OF = datetime(2026, 6, 30, tzinfo=UTC)
NEW_SHARE = 0.01
T = TypeVar("T")
_POLICY = links.Policy(name_sketch="left(f.last, 2)")


def _generate(connection: duckdb.DuckDBPyConnection, size: int) -> None:
    """Table `raw` of `size` records, and `born` (record_key, person) as their truth."""
    connection.execute("create macro pick(p, salt, n) as (hash(p, salt) % n)::bigint")
    syllables = "['ba','ko','ri','mel','ta','sun','der','li','vo','na','per','gru','zi','hol','mar','ek']"

    def word(salt: str, last: int) -> str:
        picks = (f"{syllables}[1 + pick(p, '{salt}{n}', {among})]" for n, among in enumerate((16, 16, last)))
        return f"({' || '.join(picks)})"

    first, last = word("f", 4), word("l", 16)
    connection.execute(
        f"""
        create table raw as
        with drawn as (
            select n, case when n % 10 < 6 then n else (hash(n, 'whose') % {size})::bigint // 10 * 10
                + (hash(n, 'who') % 6)::bigint end as p
            from range({size}) as t(n)
        ),
        spelled as (select *, {first} as f, {last} as l, pick(p, 'company', {max(size // 12, 10)}) as c
        from drawn)
        select
            'bench:1:contacts:' || lpad(n::varchar, 8, '0') as record_key, p as person,
            case when n = p or pick(n, 'slip', 12) > 0 then f else left(f, 3) || substr(f, 5) end as
            first_name,
            case when n = p or pick(n, 'slap', 16) > 0 then l else left(l, 2) || substr(l, 4) end as
            last_name,
            case when pick(n, 'mail', 10) < 2 then null
                when n = p or pick(n, 'other', 10) > 1 then f || '.' || l || p || '@c' || c || '.example'
                else l || n || '@home.example' end as email,
            case when pick(n, 'phone', 10) < 3 then null
                else '+1' || (2000000000 + hash(p, 'tel') % 7999999999)::varchar end as phone,
            case when pick(n, 'employer', 10) < 2 then null else 'firm ' || c || ' works' end as company_name,
            null::varchar as account_id, 'title ' || pick(p, 'title', 40) as job_title,
            'city ' || pick(c, 'city', 300) as city, 'country ' || pick(c, 'country', 20) as country,
            timestamptz '2025-01-01 00:00:00+00' + to_seconds(n % 40000000) as created_at
        from spelled"""
    )


def _timed(times: dict[str, float], name: str, work: Callable[[], T]) -> T:
    started, used = time.perf_counter(), time.process_time()
    done = work()
    times[name] = round(time.perf_counter() - started, 1)
    times[f"{name}, CPU s"] = round(time.process_time() - used, 1)
    return done


class _Run:
    """One run of matching over table `compared`, as the dbt project's models do it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, name: str) -> None:
        self.connection, self.name = connection, name

    def of(self, table: str) -> duckdb.DuckDBPyRelation:
        return self.connection.query(f"select * from matching.{table}")

    def does(self, table: str, work: Work) -> None:
        with self.connection.cursor() as own:
            own.execute("set timezone = 'UTC'")
            work(own, f"matching.{table}", self.name, False)

    def prepare(self) -> None:
        self.does("features", build.features("person", self.of("compared"), self.of("rules")))

    def match(self) -> None:
        """Score, cluster and name: what a run does once records are prepared."""
        of, model = self.of("features"), self.of("model")
        self.does("pairs", build.compared("person", of, model))
        scored = self.of("pairs")
        self.does(
            "links",
            joining.links(
                "person", records=self.of("records"), keys=self.of("keys"), decided=self.of("decided"),
                settings=self.of("rules"), of=of, scored=scored, with_model=model,
            ),
        )  # fmt: skip
        self.does(
            "placed",
            joining.resolved(
                "person", records=self.of("records"), links=self.of("links"), registry=self.of("registry"),
                aliases=self.of("aliases"), run=self.of("run"),
            ),
        )  # fmt: skip

    def count(self, sql: str) -> int:
        return int((self.connection.execute(f"select count(*) from {sql}").fetchone() or (0,))[0])


def _quality(connection: duckdb.DuckDBPyConnection) -> float:
    """Pairwise F1."""
    row = connection.execute(
        """
        with truth as (select p.id, r.person from matching.placed as p inner join raw as r on p.record_key =
        r.record_key),
        pairs as (select
            (select sum(n * (n - 1) / 2) from (select count(*) as n from truth group by id)) as found,
            (select sum(n * (n - 1) / 2) from (select count(*) as n from truth group by person)) as real,
            (select sum(n * (n - 1) / 2) from (select count(*) as n from truth group by id, person)) as
            shared)
        select 2 * shared / (found + real) from pairs"""
    ).fetchone()
    return round(float(row[0]), 4) if row else 0.0


def measure(size: int, home: Path) -> dict[str, float]:
    """Seconds of each step, pairs kept, F1, and the peak memory of this process in MB."""
    times: dict[str, float] = {}
    with duckdb.connect(str(home / "bench.duckdb")) as connection:  # noqa: TID251
        connection.execute("set threads = 2; set memory_limit = '2GB'; set timezone = 'UTC'")
        connection.execute("set preserve_insertion_order = false")
        _generate(connection, size)
        _lay_out(connection, int(size * (1 - NEW_SHARE)))
        first, more = _Run(connection, "first"), _Run(connection, "more")
        _timed(times, "prepare", first.prepare)
        model = _timed(times, "train", lambda: train(connection, PERSON, "matching.features"))
        connection.execute("create table matching.model as select ? as body", [model.to_json()])
        _timed(times, "score and cluster", first.match)
        times["pairs kept"] = first.count("matching.pairs")
        _keep(connection, home)
        _timed(times, "1 % more: read the registry", lambda: _read_back(connection, home))
        connection.execute("create or replace view matching.came as select * from raw")
        _timed(times, "1 % more: prepare", more.prepare)
        _timed(times, "1 % more: score and cluster", more.match)
        times["pairs kept of all"] = more.count("matching.pairs")
        times["due of the 1 %"] = more.count("incremental.features__due")
        times["f1"] = _quality(connection)
    times["peak MB"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return times


def _lay_out(connection: duckdb.DuckDBPyConnection, start: int) -> None:
    """What matching reads, of the first records, with nothing registered and nothing decided."""
    rules = {
        "join_from": _POLICY.join_from, "review_from": _POLICY.review_from, "most_names": _POLICY.most_names,
        "most_records": _POLICY.most_records, "largest_block": blocking.LARGEST_BLOCK, "key": "person.email",
    }  # fmt: skip
    connection.execute("create schema matching; create schema incremental")
    connection.execute(
        f"create view matching.came as select * from raw where record_key < 'bench:1:contacts:{start:08d}';"
        "create view matching.compared as "
        f"select record_key, {', '.join(features.PERSON_COLUMNS)} from matching.came;"
        "create view matching.records as select record_key, created_at from matching.came;"
        "create view matching.keys as select record_key, 'email' as kind, email as value from matching.came "
        "where email is not null;"
        f"create table matching.run as select timestamptz '{AS_OF.isoformat()}' as as_of;"
        "create table matching.rules (setting varchar, value varchar)"
    )
    connection.executemany(
        "insert into matching.rules values (?, ?)", [(k, str(v)) for k, v in rules.items()]
    )
    for name, columns in (
        ("decided", "entity varchar, left_key varchar, right_key varchar, verdict varchar"),
        ("registry", "entity varchar, record_key varchar, id varchar, founded_at timestamptz, "
                     "joined_at timestamptz"),
        ("aliases", "entity varchar, alias varchar, id varchar, since timestamptz, why varchar"),
    ):  # fmt: skip
        connection.execute(f"create table matching.{name} ({columns})")
    for name in ("features", "pairs", "links", "placed"):
        connection.execute(f"create table matching.{name} (nothing int)")


def _keep(connection: duckdb.DuckDBPyConnection, home: Path) -> None:
    """What a run leaves in the state database: the registry."""
    people = connection.sql(
        "select record_key, id as person_id, founded_at, joined_at from matching.placed where kind = 'record'"
    ).to_arrow_table()
    with (
        State.open(load_settings({"CRM_HOME": str(home)}, vendors=False)) as state,
        state.writing() as writing,
    ):
        for batch in people.to_batches(100_000):
            registry.save(
                writing, registry.PersonRegistry(pa.Table.from_batches([batch]), registry.NO_ALIASES)
            )


def _read_back(connection: duckdb.DuckDBPyConnection, home: Path) -> None:
    with (
        State.open(load_settings({"CRM_HOME": str(home)}, vendors=False)) as state,
        state.reading() as reading,
    ):
        kept = registry.load(reading)
    connection.register("kept_people", kept.people)
    connection.execute(
        "insert into matching.registry "
        "select 'person', record_key, person_id, founded_at, joined_at from kept_people"
    )
    connection.unregister("kept_people")


def main() -> int:
    with collector.seldom(), tempfile.TemporaryDirectory() as home:
        print(json.dumps(measure(int(sys.argv[1]), Path(home))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
