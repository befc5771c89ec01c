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
from pipelines.identity import features, links, lives, pairs
from pipelines.identity.model import Model
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


def _prepare(connection: duckdb.DuckDBPyConnection, records: str, kept: str | None) -> None:
    features.person(connection, records, "shaped")
    pairs.stamp(connection, PERSON, "shaped", kept)
    connection.execute("create or replace temp table features as select * from stamped; drop table stamped")


def _match(
    connection: duckdb.DuckDBPyConnection, model: Model, records: str, *, goes_on: bool = False
) -> pairs.Compared:
    """Score, cluster and name: what a run does once records are prepared."""
    done = pairs.compare(connection, PERSON, model, "features", "kept_pairs" if goes_on else None)
    connection.execute(f"create or replace temp view records as select record_key, created_at from {records}")
    connection.execute(
        "create or replace temp view keys as select record_key, 'email' as kind, email as value from "
        "features "
        "where email is not null"
    )
    links.cluster(connection, _POLICY, PERSON, model, "kept_links" if goes_on else None)
    connection.execute(f"create or replace temp table placed as {lives.resolve(connection, as_of=AS_OF)}")
    return done


def _quality(connection: duckdb.DuckDBPyConnection) -> float:
    """Pairwise F1."""
    row = connection.execute(
        """
        with truth as (select p.id, r.person from placed as p inner join raw as r on p.record_key =
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
    """Seconds of each step, pairs scored, F1, and the peak memory of this process in MB."""
    times: dict[str, float] = {}
    with duckdb.connect(str(home / "bench.duckdb")) as connection:  # noqa: TID251
        connection.execute("set threads = 2; set memory_limit = '2GB'; set timezone = 'UTC'")
        connection.execute("set preserve_insertion_order = false")
        _generate(connection, size)
        start = int(size * (1 - NEW_SHARE))
        connection.execute(
            f"create view old as select * from raw where record_key < 'bench:1:contacts:{start:08d}'"
        )
        for name, columns in (
            ("decided", "left_key varchar, right_key varchar, verdict varchar"),
            ("registry", "record_key varchar, id varchar, founded_at timestamptz, joined_at timestamptz"),
            ("aliases", "alias varchar, id varchar, since timestamptz, why varchar"),
        ):
            connection.execute(f"create temp table {name} ({columns})")
        _timed(times, "prepare", lambda: _prepare(connection, "old", None))
        model = _timed(times, "train", lambda: train(connection, PERSON, "features"))
        first = _timed(times, "score and cluster", lambda: _match(connection, model, "old"))
        _keep(connection, home)
        _timed(times, "1 % more: read the registry", lambda: _read_back(connection, home))
        _timed(times, "1 % more: prepare", lambda: _prepare(connection, "raw", "kept_features"))
        more = _timed(
            times, "1 % more: score and cluster", lambda: _match(connection, model, "raw", goes_on=True)
        )
        times["pairs"], times["pairs of the 1 %"] = first.scored, more.scored
        times["fresh of the 1 %"] = more.fresh
        times["f1"] = _quality(connection)
    times["peak MB"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return times


def _keep(connection: duckdb.DuckDBPyConnection, home: Path) -> None:
    """What a run leaves: features and pairs in the warehouse, the registry in the state database."""
    connection.execute("create table kept_features as select record_key, stamp from features")
    connection.execute("create table kept_pairs as select * from scored; drop table scored")
    connection.execute("create table kept_links as select * from links; drop table links")
    people = connection.sql(
        "select record_key, id as person_id, founded_at, joined_at from placed where kind = 'record'"
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
        "create or replace temp table registry as "
        "select record_key, person_id as id, founded_at, joined_at from kept_people"
    )
    connection.unregister("kept_people")


def main() -> int:
    with collector.seldom(), tempfile.TemporaryDirectory() as home:
        print(json.dumps(measure(int(sys.argv[1]), Path(home))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
