"""One writer at a time, and readers never see half a publish."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from pipelines.errors import CrmError, Locked
from pipelines.settings import PROJECT_ROOT, Paths
from pipelines.warehouse import Warehouse, Which, before_checkpoint, latest_publish


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(Paths(tmp_path))


def refresh(warehouse: Warehouse, number: int) -> None:
    with warehouse.locked("test"):
        warehouse.start_work()
        with warehouse.writing() as connection:
            connection.execute("create schema if not exists marts")
            connection.execute("create or replace table marts.numbers as select ? as number", [number])
            connection.execute("create schema if not exists raw_hubspot")
            connection.execute("create or replace table raw_hubspot.kept as select ? as number", [number])
            connection.execute("create or replace view marts.shown as from raw_hubspot.kept")
            connection.execute("create or replace view raw_hubspot.inside as from raw_hubspot.kept")
        warehouse.publish(f"publish-{number}")


def number(warehouse: Warehouse) -> int:
    with warehouse.reading() as connection:
        found = connection.execute("select number from marts.numbers").fetchone()
    assert found is not None
    return int(found[0])


def written_for(connection: duckdb.DuckDBPyConnection) -> str:
    """The oldest DuckDB that can read the file."""
    asked = "select tags['storage_version'] from duckdb_databases() where not internal"
    return str((connection.execute(asked).fetchone() or ("",))[0])


def test_a_publish_holds_the_published_schemas_only(warehouse: Warehouse) -> None:
    refresh(warehouse, 1)
    with warehouse.reading() as connection:
        schemas = {
            row[0]
            for row in connection.execute(
                "select distinct table_schema from information_schema.tables"
            ).fetchall()
        }
        assert written_for(connection) == "v1.0.0+", "what analysts open is for their programs"
    assert schemas == {"marts", "ops"}
    with warehouse.reading("warehouse") as connection:
        assert written_for(connection) == "v1.3.0+"
    assert not warehouse.has_work()


def test_a_mart_that_is_a_view_is_published_as_a_table(warehouse: Warehouse) -> None:
    refresh(warehouse, 7)
    with warehouse.reading() as connection:
        kinds = connection.execute(
            "select table_name, table_type from information_schema.tables where table_schema = 'marts' "
            "order by all"
        ).fetchall()
        assert kinds == [("numbers", "BASE TABLE"), ("shown", "BASE TABLE")]
        assert connection.execute("from marts.shown").fetchall() == [(7,)]


def test_an_open_reader_neither_blocks_nor_sees_a_new_publish(warehouse: Warehouse) -> None:
    refresh(warehouse, 1)
    with warehouse.reading() as reader:
        refresh(warehouse, 2)
        assert reader.execute("select number from marts.numbers").fetchone() == (1,)
    assert number(warehouse) == 2


def test_a_refresh_that_is_given_up_leaves_what_was_published(warehouse: Warehouse) -> None:
    refresh(warehouse, 1)
    with warehouse.locked("test"):
        warehouse.start_work()
        with warehouse.writing() as connection:
            connection.execute("update marts.numbers set number = 99")
        assert warehouse.discard_work()
    assert number(warehouse) == 1


def test_what_is_published_again_keeps_its_id_and_says_none_where_there_is_none(warehouse: Warehouse) -> None:
    refresh(warehouse, 1)
    for emptied, expected in ((False, "publish-1"), (True, "")):
        with warehouse.locked("test"):
            warehouse.start_work()
            if emptied:
                with warehouse.writing() as connection:
                    connection.execute("delete from ops.publishes")
            warehouse.publish_again()
        with warehouse.reading() as connection:
            assert latest_publish(connection) == expected
    with warehouse.locked("test"):
        warehouse.start_work()
        with warehouse.writing() as connection:
            connection.execute("drop table ops.publishes")
            assert latest_publish(connection) == ""
        warehouse.discard_work()


def test_what_a_killed_query_put_beside_a_file_stops_nobody(warehouse: Warehouse) -> None:
    refresh(warehouse, 1)
    for path in (warehouse.paths.work, warehouse.paths.published):
        spilled = path.with_name(f"{path.name}.tmp") / "duckdb_temp_storage-0.tmp"
        spilled.parent.mkdir()
        spilled.touch()
    refresh(warehouse, 2)
    assert number(warehouse) == 2
    assert not warehouse.paths.work.with_name("work.duckdb.tmp").exists()


def test_writing_without_the_lock_is_a_mistake_of_ours(warehouse: Warehouse) -> None:
    with pytest.raises(RuntimeError, match="locked"):
        warehouse.start_work()


def test_the_work_file_is_opened_once_between_two_who_need_it_for_themselves(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, connect = [], duckdb.connect

    def counted(*args: Any, **kwargs: Any) -> duckdb.DuckDBPyConnection:
        opened.append(args)
        return connect(*args, **kwargs)

    monkeypatch.setattr(duckdb, "connect", counted)
    with warehouse.locked("test"):
        warehouse.start_work()
        opened.clear()
        for number in range(3):
            with warehouse.writing() as connection:
                connection.execute(
                    f"create table numbers_{number} as select timestamptz '2026-06-30 12:00:00+02' as at_noon"
                )
                [(at,)] = connection.execute(f"select at_noon::varchar from numbers_{number}").fetchall()
                assert at == "2026-06-30 10:00:00+00", "each of them tells the time in UTC"
        assert len(opened) == 1
        with pytest.raises(duckdb.CatalogException), warehouse.writing() as connection:
            connection.execute("begin; create table half as select 1; from nowhere")
        with warehouse.dbt() as path, contextlib.closing(connect(str(path), config={"threads": 1})) as lent:
            assert len(lent.execute("show tables").fetchall()) == 3, "what others open has all, and no half"
        with warehouse.reading("work") as connection, pytest.raises(duckdb.InvalidInputException):
            connection.execute("drop table numbers_0")
        with warehouse.writing():
            pass
    by_another = "import duckdb, sys; print(len(duckdb.connect(sys.argv[1]).sql('show tables').fetchall()))"
    said = subprocess.check_output([sys.executable, "-c", by_another, str(warehouse.paths.work)], text=True)
    assert said == "3\n", "nobody has it open once it is unlocked"


def test_texts_of_a_small_file_are_not_compressed_by_symbols_and_of_a_large_one_are(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compressed() -> set[str]:
        with warehouse.locked("test"):
            warehouse.start_work()
            with warehouse.writing() as connection:
                connection.execute("create schema if not exists marts")
                connection.execute(
                    "create or replace table marts.texts as select 'a text, and its number ' || n t "
                    "from range(20000) r(n)"
                )
            warehouse.publish("p")
        found = set()
        for which in ("warehouse", "published"):
            with warehouse.reading(which) as connection:
                asked = (
                    "select distinct compression from pragma_storage_info('marts.texts') "
                    "where segment_type = 'VARCHAR'"
                )
                found |= {kind for (kind,) in connection.execute(asked).fetchall()}
        return found

    assert not compressed() & {"FSST", "DICT_FSST", "ZSTD"}
    monkeypatch.setattr("pipelines.warehouse._SMALL", 0)
    assert compressed() <= {"FSST", "DICT_FSST", "ZSTD"}


def test_a_large_file_is_made_compact_when_a_third_of_a_table_was_deleted_and_it_is_published(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.warehouse._SMALL", 0)

    def happens(*statements: str) -> list[int]:
        """What is done to the work file in a step of its own; rows that take room when it was closed, and
        when another step has published it."""
        with warehouse.locked("test"):
            warehouse.start_work()
            with warehouse.writing() as connection:
                for statement in statements:
                    connection.execute(statement)
        taken = [rows("work")]
        with warehouse.locked("test"):
            warehouse.publish("p")
        return [*taken, rows("warehouse")]

    def rows(which: Which) -> int:
        with warehouse.reading(which) as connection:
            counted = "select estimated_size from duckdb_tables() where table_name = 'numbers'"
            return int(connection.execute(counted).fetchall()[0][0])

    table, all_of_it = "marts.numbers", 500_000
    made = happens("create schema marts", f"create table {table} as select range n from range({all_of_it})")
    assert made == [all_of_it, all_of_it]
    assert happens(f"delete from {table} where n % 10 < 3") == made
    closed, published = happens(f"delete from {table} where n % 10 < 6")
    assert (closed, published <= all_of_it / 2) == (all_of_it, True)


def test_a_log_that_grows_long_does_not_make_a_large_file_compact(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    with warehouse.locked("test"):
        warehouse.start_work()
        with warehouse.writing() as connection:
            connection.execute("create table numbers as select range n from range(500000)")
    monkeypatch.setattr("pipelines.warehouse._SMALL", 0)
    with warehouse.locked("test"), warehouse.writing() as connection:
        connection.execute("set global checkpoint_threshold = '1KB'")
        connection.execute("delete from numbers where n % 10 < 6")
        connection.execute("create table others as from numbers")
        taken = "select estimated_size from duckdb_tables() where table_name = 'numbers'"
        assert connection.execute(taken).fetchall() == [(500_000,)]


def test_models_of_a_small_file_are_worked_out_by_one_thread_and_of_a_large_one_by_all_cores(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    with warehouse.locked("test"):
        warehouse.start_work()
    monkeypatch.setattr("os.cpu_count", lambda: 16)
    assert Warehouse.threads(warehouse.paths.work) == 1
    monkeypatch.setattr("pipelines.warehouse._SMALL", 0)
    profile = yaml.safe_load((PROJECT_ROOT / "dbt_project" / "profiles.yml").read_text())
    # Of DuckDB's threads one is whoever asks, and dbt asks as often as it makes models at once.
    at_once = profile["crm"]["outputs"]["work"]["threads"]
    assert Warehouse.threads(warehouse.paths.work) - 1 + at_once == 16
    with warehouse.locked("test"), warehouse.writing() as connection:
        [(usual,)] = connection.execute("select current_setting('threads')").fetchall()
        connection.execute("set threads = 7")
        before_checkpoint(connection, warehouse.paths.work)
        assert connection.execute("select current_setting('threads')").fetchall() == [(usual,)]


def test_a_second_writer_leaves_and_names_the_first(warehouse: Warehouse) -> None:
    with warehouse.locked("run 01ABC"), pytest.raises(Locked, match="run 01ABC"):
        with Warehouse(warehouse.paths).locked("run 02"):
            pass


def test_a_file_that_is_no_database_is_said(warehouse: Warehouse) -> None:
    warehouse.paths.published.write_bytes(b"not a database, long enough to be read as one" * 100)
    with pytest.raises(CrmError, match=r"analytics\.duckdb"), warehouse.reading():
        pass


def test_nothing_published_says_what_to_run(warehouse: Warehouse) -> None:
    with pytest.raises(CrmError, match="make build"), warehouse.reading():
        pass


HOLDER = """
import sys, time
from pathlib import Path
from pipelines.settings import Paths
from pipelines.warehouse import Warehouse
warehouse = Warehouse(Paths(Path(sys.argv[1])))
with warehouse.locked("run that dies"):
    warehouse.start_work()
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.mark.kill
def test_a_killed_holder_frees_the_lock_within_two_seconds(warehouse: Warehouse) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(warehouse.paths.home)], stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(Locked, match="run that dies"), warehouse.locked("second"):
        pass

    os.kill(holder.pid, signal.SIGKILL)
    killed = time.monotonic()
    with warehouse.locked("second", wait_seconds=2.0):
        assert time.monotonic() - killed < 2.0
        assert warehouse.discard_work()
    holder.wait()
    holder.stdout.close()
