"""Runs that work out what a change touches leave what one run over everything leaves, in all of matching.

Belongs here: rounds of arrivals, edits, deletions, merges, splits, decisions and other settings of a small
world.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import duckdb
import pyarrow as pa
import pytest

from pipelines.identity import build, joining
from pipelines.identity.features import ACCOUNT_COLUMNS
from pipelines.identity.model import Model
from pipelines.identity.specs import ACCOUNT
from pipelines.identity.training import train
from tests.unit.identity.conftest import COLUMNS, Row, tangled

AS_OF = datetime(2026, 6, 30)
TABLES = ("features", "pairs", "links", "resolved")
RULES = {
    "join_from": "0.9", "review_from": "0.3", "most_records": "6", "most_names": "3", "largest_block": "9",
}  # fmt: skip
KEYS = ("email", "phone", "connector", "merge", "mirrored", "domain", "name")


class World:
    """What matching reads of one kind of record, and a run of it in a warehouse of its own."""

    def __init__(self, entity: str, columns: tuple[str, ...], model: Model) -> None:
        self.entity, self.columns, self.model = entity, columns, model
        self.rows: dict[str, Row] = {}
        self.keys: set[tuple[str, str, str]] = set()
        self.decided: list[tuple[str, str, str]] = []
        self.rules = dict(RULES)
        self.as_of = AS_OF

    def lend(self, connection: duckdb.DuckDBPyConnection) -> None:
        rows = list(self.rows.values())
        given = pa.table({name: [row.get(name) for row in rows] for name in ("record_key", "born")}
            | {name: pa.array([row.get(name) for row in rows], pa.string())
               for name in self.columns})  # fmt: skip
        connection.register("given", given)
        number = "* replace (employees::bigint as employees)" if self.entity == "account" else "*"
        connection.execute(
            f"create or replace table compared as select {number} from given;"
            "create or replace table records as select record_key, timestamptz '2026-01-01' + born::int * "
            "interval 1 day as created_at from given; alter table compared drop born"
        )
        _fill(connection, "keys", "record_key, kind, value",
              [key for key in sorted(self.keys) if key[0] in self.rows])  # fmt: skip
        settled = [(self.entity, *pair) for pair in self.decided]
        _fill(connection, "decided", "entity, left_key, right_key, verdict", settled)
        used = [("key", f"{self.entity}.{kind}") for kind in KEYS]
        _fill(connection, "rules", "setting, value", [*self.rules.items(), *used])
        _fill(connection, "model", "body", [(self.model.to_json(),)])
        connection.execute(f"create or replace table run as select timestamptz '{self.as_of}+00' as as_of")

    def runs(self, connection: duckdb.DuckDBPyConnection, run: str) -> dict[str, bool]:
        """Which tables were made whole."""
        self.lend(connection)

        def of(table: str) -> duckdb.DuckDBPyRelation:
            return connection.query(f"select * from world.{table}")

        works = {
            "features": build.features(self.entity, of("compared"), of("rules")),
            "pairs": build.compared(self.entity, of("features"), of("model")),
            "links": joining.links(
                self.entity, records=of("records"), keys=of("keys"), decided=of("decided"),
                settings=of("rules"), of=of("features"), scored=of("pairs"), with_model=of("model"),
            ),
            "resolved": joining.resolved(
                self.entity, records=of("records"), links=of("links"), registry=of("registry"),
                aliases=of("aliases"), run=of("run"),
            ),
        }  # fmt: skip
        for name, work in works.items():
            with connection.cursor() as own:
                own.execute("set timezone = 'UTC'; use world")
                work(own, f"world.{name}", run, False)
        return {
            name: connection.execute(f"select is_full from incremental.{name}__state").fetchall() == [(True,)]
            for name in TABLES
        }

    def settles(self, connection: duckdb.DuckDBPyConnection, registry: duckdb.DuckDBPyConnection) -> None:
        """The registry becomes what a run found, in two warehouses."""
        people = connection.execute(
            f"select '{self.entity}', record_key, id, founded_at, joined_at from resolved "
            "where kind = 'record'"
        ).fetchall()
        gone = connection.execute(
            f"select '{self.entity}', record_key, id, since, why from resolved where kind = 'alias'"
        ).fetchall()
        for each in (connection, registry):
            each.execute("delete from registry; delete from aliases")
            if people:
                each.executemany("insert into registry values (?, ?, ?, ?, ?)", people)
            if gone:
                each.executemany("insert into aliases values (?, ?, ?, ?, ?)", gone)


def _fill(
    connection: duckdb.DuckDBPyConnection, name: str, columns: str, rows: list[tuple[str, ...]]
) -> None:
    typed = columns.replace(",", " varchar,") + " varchar"
    connection.execute(f"create or replace table {name} ({typed})")
    if rows:
        names = columns.split(", ")
        table = pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
        connection.register("filling", table)
        connection.execute(f"insert into {name} from filling")


@contextmanager
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(
            "set timezone = 'UTC'; create schema incremental; create schema world; use world;"
            "create table registry (entity varchar, record_key varchar, id varchar, founded_at timestamptz, "
            "joined_at timestamptz);"
            "create table aliases (entity varchar, alias varchar, id varchar, since timestamptz, why varchar)"
        )
        for table in ("features", "pairs", "links"):
            connection.execute(f"create table {table} (nothing int)")
        yield connection


def differences(step: duckdb.DuckDBPyConnection, anew: duckdb.DuckDBPyConnection) -> list[str]:
    found = []
    for table in (*TABLES, "incremental.features__crowded"):
        columns = [row[0] for row in anew.execute(f"describe {table}").fetchall()]
        order = ", ".join(f'"{name}"' for name in sorted(columns))
        ours, theirs = (
            each.execute(f"select {order} from {table} order by all").fetchall() for each in (step, anew)
        )
        if ours != theirs:
            stale = [row for row in ours if row not in theirs][:2]
            missing = [row for row in theirs if row not in ours][:2]
            found.append(f"{table} ({order}): {len(ours)}, {len(theirs)}; stale {stale}; missing {missing}")
    return found


def _lives(world: World, rng: random.Random, turn: int) -> None:
    """What happens between two runs to a few records of the world."""
    keys = sorted(world.rows)
    for key in rng.sample(keys, 12):
        row, other = world.rows[key], world.rows[rng.choice(keys)]
        column = rng.choice(world.columns[1:])
        match rng.randrange(7):
            case 0:
                del world.rows[key]
            case 1:
                world.rows[key] = row | {column: None}
            case 2:
                world.rows[key] = row | {column: other.get(column)}
            case 3:
                world.rows[key] = {**row, **other, "record_key": key, "born": row["born"]}
            case 4:
                new = f"new:{turn}:{key}"
                world.rows[new] = {**row, "record_key": new, "born": str(rng.randrange(200))}
            case 5:
                kind = rng.choice(KEYS)
                value = (
                    f"{kind}:{rng.randrange(5)}" if kind in KEYS[:2] + KEYS[-2:] else str(other["record_key"])
                )
                world.keys.add((key, kind, value))
            case 6 if world.keys:
                world.keys.discard(rng.choice(sorted(world.keys)))
    one, two = rng.sample(keys, 2)
    world.decided.append((one, two, rng.choice(("same", "different"))))
    if turn % 3 == 1:
        world.decided.pop(0)
    world.as_of += timedelta(days=1)


def _company(row: Row, n: int) -> Row:
    name = row["company_name"] or "Nobody GmbH"
    return {
        "record_key": row["record_key"], "born": row["born"], "name": name if n % 3 else f"{name} Group",
        "domain": f"www.{name[:6].strip()}{n % 7}.example".lower().replace(" ", ""), "city": row["city"],
        "country": row["country"], "employees": str(n % 40),
    }  # fmt: skip


def _start(entity: str, crowd: list[Row], model: Model, seed: int) -> World:
    people = [{**row, "born": str(n * 7 % 90)} for n, row in enumerate(tangled(crowd))]
    world = World("person", COLUMNS, model)
    if entity == "account":
        people = [_company(row, n) for n, row in enumerate(people)]
        world = World("account", ("record_key", *ACCOUNT_COLUMNS), _unseen())
    world.rows = {str(row["record_key"]): row for row in people}
    for key, row in world.rows.items():
        if row.get("email"):
            world.keys.add((key, "email", str(row["email"])))
    rng = random.Random(seed)
    world.decided = [
        (*rng.sample(sorted(key for key in world.rows if key.startswith("chain")), 2), "different")
        for _ in range(6)
    ]
    return world


@pytest.mark.parametrize("entity", ["person", "account"])
def test_runs_over_what_changed_leave_what_a_run_over_everything_leaves(
    entity: str, crowd: list[Row], model: Model
) -> None:
    _many_turns(entity, _start(entity, crowd, model, 11), seed=11, turns=6)


def _many_turns(entity: str, world: World, seed: int, turns: int) -> None:
    rng = random.Random(seed)
    with warehouse() as step, warehouse() as anew:
        for turn in range(turns):
            if turn == turns - 2:
                world.rules["most_records"] = "4"
            whole = world.runs(step, f"run {turn}")
            anew.execute("drop schema incremental cascade; create schema incremental")
            assert all(world.runs(anew, "one").values())
            assert differences(step, anew) == [], f"turn {turn}"
            if 0 < turn < turns - 2:
                assert whole == dict.fromkeys(TABLES, False) | {"resolved": turn % 4 == 0}, f"turn {turn}"
            if turn % 4 != 3:
                world.settles(step, anew)
            _lives(world, rng, turn)
        refused = "select 1 from links where verdict = 'refused' and offered = 'joined'"
        assert entity == "account" or anew.execute(refused).fetchall(), "there are tangles"


def test_a_record_that_comes_back_alone_leaves_the_others_the_id_that_it_had() -> None:
    world = World("account", ("record_key", *ACCOUNT_COLUMNS), _unseen())
    for n, key in enumerate(("old", "young", *"abcdefgh")):
        world.rows[key] = {"record_key": key, "born": str(n), "name": key}
    young = world.rows["young"]
    with warehouse() as step, warehouse() as anew:
        for turn, domain in (("one with the other", "one"), ("gone", ""), ("back by itself", "two")):
            world.rows.pop("young", None)
            if domain:
                world.rows["young"] = young
                world.keys = {("old", "domain", "one"), ("young", "domain", domain)}
            world.runs(step, turn)
            anew.execute("drop schema incremental cascade; create schema incremental")
            world.runs(anew, "one")
            assert differences(step, anew) == [], turn
            world.settles(step, anew)
        ids = step.execute("select count(distinct id) from resolved where kind = 'record'").fetchall()
        assert ids == [(10,)], "nobody has another's id"


def _unseen() -> Model:
    """Of companies: what is believed before any was seen, and that one pair of a hundred is one."""
    with duckdb.connect() as connection:
        fields = ", ".join(f"{f} {'bigint' if f == 'employees' else 'varchar'}" for f in ACCOUNT.fields)
        connection.execute(f"create table nobody (record_key varchar, {fields})")
        return dataclasses.replace(train(connection, ACCOUNT, "nobody"), prior=0.01)
