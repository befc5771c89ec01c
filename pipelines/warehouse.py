"""The only module that opens or lends the warehouse.

Three files. `warehouse.duckdb` is the truth of the last refresh that passed its gates; `work.duckdb` is a
refresh in the works, a copy that becomes the warehouse when the gates pass; `analytics.duckdb` is what
people query, swapped in whole. One writer at a time, by a lock the kernel drops when its holder dies.
Belongs here: files, locks, connections, swapping. No table of ours is known here by name but `ops.publishes`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Literal

import duckdb

from pipelines.errors import CrmError, DiskFull, Locked, needing_room
from pipelines.locking import FileLock
from pipelines.settings import Paths

PUBLISHED_SCHEMAS = ("marts", "reverse_sync", "decisions", "ops")
_OF_PEOPLE = "marts"
"""What is a view there is published as a table: people ask for it, and it reads what is not published."""
Which = Literal["published", "warehouse", "work"]
_MOST_MEMORY = 5376 << 20
"""Python, dbt and what DuckDB counts nowhere took up to 1.8 GiB beside it, and all are to stay below 8 GB."""
NO_ROOM = "No space left on device"
"""What DuckDB says of a full disk, in the system's words."""
_FORMAT = "v1.3.0"
"""Of files that only this project opens: texts take less room, and less to write, than in the format of 1.0.
The published file keeps that one, for the programs of analysts. A file that is there stays as it is."""
_SMALL = 384 << 20
_MODELS_AT_ONCE = 2
"""As `dbt_project/profiles.yml` has it."""
_COSTLY = "fsst,dict_fsst,zstd"
_GROUP = 122_880
"""Rows that DuckDB keeps, compresses and writes together."""
_AS_IT_IS = "set global max_vacuum_tasks = 0"
"""No such groups are put together in a checkpoint, for what holes there are in them."""
_MOST_HOLES = 1 / 3
_IN_UTC = "set timezone = 'UTC'"
_UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


class Warehouse:
    """Lends connections to the three files and holds the writer's lock. One per process and home."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self._writer = FileLock(paths.lock, "the warehouse is being written by")
        self._decider = FileLock(paths.deciding, "people are being decided about by")
        self._open: duckdb.DuckDBPyConnection | None = None
        """The work file, from when it was written until it is lent, moved or unlocked: opening and closing it
        reads and writes its whole catalogue, which is most of what a small step takes."""
        self._opened = ExitStack()

    # -- the writer's lock ---------------------------------------------------------------------------

    @contextmanager
    def locked(self, holder: str, *, wait_seconds: float = 0.0) -> Iterator[None]:
        """Hold the writer's lock; re-entrant within this object. Raises Locked naming the holder."""
        is_outermost = not self._writer.is_held
        with self._writer.held(holder, wait_seconds=wait_seconds):
            try:
                yield
            finally:
                if is_outermost:
                    self._close_work()

    @contextmanager
    def deciding(self, holder: str, *, wait_seconds: float = 0.0) -> Iterator[None]:
        """Hold the decider's lock: what was decided is read, gone on from and kept by one at a time. It is
        held for that alone, so that a person is decided about while a refresh is in the works; and whoever
        takes both takes the writer's first."""
        with self._decider.held(holder, wait_seconds=wait_seconds):
            yield

    # -- the refresh in the works --------------------------------------------------------------------

    def discard_work(self) -> bool:
        """Remove what a killed refresh left behind. True if there was something."""
        self._close_work()
        left = [p for p in (self.paths.work, _wal(self.paths.work)) if p.exists()]
        for path in left:
            path.unlink()
        for path in self.paths.home.glob("*.duckdb.part*"):
            path.unlink()
        shutil.rmtree(_spill(self.paths.work), ignore_errors=True)
        self.paths.by_hand.unlink(missing_ok=True)
        return bool(left)

    def start_work(self, *, by_hand: bool = False) -> None:
        """Begin a refresh: the work file is a copy of the warehouse, or a new database.

        `by_hand`: somebody makes it step by step, so what is in the works between two steps is theirs.
        """
        self._must_hold_lock()
        self.discard_work()
        if by_hand:
            self.paths.by_hand.touch()
        if self.paths.warehouse.exists():
            part = self.paths.home / "work.duckdb.part"
            with needing_room(self.paths.home):
                shutil.copyfile(self.paths.warehouse, part)
            os.replace(part, self.paths.work)
        else:
            _create(self.paths.work)

    def has_work(self) -> bool:
        return self.paths.work.exists()

    def is_made_by_hand(self) -> bool:
        """Whether somebody is making the refresh in the works step by step."""
        return self.has_work() and self.paths.by_hand.exists()

    @contextmanager
    def writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A read-write connection to the work file. Needs the lock."""
        self._must_hold_lock()
        try:
            if self._open is None:
                self._open = self._opened.enter_context(_connect(self.paths.work, read_only=False))
            with closing(self._open.cursor()) as connection:
                connection.execute(_IN_UTC)
                yield connection
        except duckdb.Error as error:
            self._close_work()
            if NO_ROOM in str(error):
                raise DiskFull(self.paths.home) from error
            raise

    def _close_work(self) -> None:
        self._open = None
        self._opened.close()

    @staticmethod
    def memory() -> str:
        """What models may take at most: what does not fit is put beside the file. Left to itself DuckDB takes
        four fifths of the machine before it does that; where those are less, they are the limit."""
        with _connect(Path(":memory:"), read_only=False) as connection:
            [(usual,)] = connection.execute("select current_setting('memory_limit')").fetchall()
        number, _, unit = str(usual).partition(" ")
        return f"{min(_MOST_MEMORY, int(float(number) * _UNITS.get(unit, 1))) >> 20}MiB"

    @staticmethod
    def threads(path: Path, at_once: int = _MODELS_AT_ONCE) -> int:
        """What DuckDB calls `threads`: whoever asks works too, and the rest of them help whichever of the
        models that are made at once. With more at work than there are cores they wait for each other, and
        take a quarter more for it. A small file's tables are few groups of rows, and to hand such work round
        is a tenth of what it takes."""
        return 1 if 0 < _bytes(path) < _SMALL else max(1, _cores() + 1 - at_once)

    @contextmanager
    def dbt(self) -> Iterator[Path]:
        """Lend the work file to dbt, which opens it itself; on leaving, its connections are closed."""
        self._must_hold_lock()
        self._close_work()
        try:
            yield self.paths.work
        finally:
            close_dbt_connections()

    @contextmanager
    def reading(self, which: Which = "published") -> Iterator[duckdb.DuckDBPyConnection]:
        """A read-only connection to the published file, the warehouse, or the refresh in the works.

        Raises CrmError when that file is not there yet.
        """
        path = {
            "published": self.paths.published,
            "warehouse": self.paths.warehouse,
            "work": self.paths.work,
        }[which]
        if not path.exists():
            raise CrmError(
                "no refresh is in the works" if which == "work" else "nothing has been published yet",
                where=path.name, remedy="run crm extract" if which == "work" else "run make build",
            )  # fmt: skip
        if which == "work":
            self._close_work()
        with _connect(path, read_only=True) as connection:
            yield connection

    @contextmanager
    def beside(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A database in memory, named like the work file, with the warehouse attached read-only as `base`:
        a few rows can be worked out anew in it while everything else is looked up where it stands."""
        with self.reading("warehouse"):
            pass  # says what is wrong with it in a sentence
        with _connect(Path(":memory:"), read_only=False) as connection:
            connection.execute(f"attach '{_quoted(self.paths.warehouse)}' as base (read_only)")
            connection.execute(f"attach ':memory:' as {self.paths.work.stem}")
            connection.execute(f"use {self.paths.work.stem}")
            yield connection

    def publish_beside(self, connection: duckdb.DuckDBPyConnection, publish_id: str) -> Warehouse:
        """Export the tables of a database in memory, and none of its views, to a file of their own below
        `events/`; gives the warehouse whose published file that is."""
        beside = Warehouse(Paths(self.paths.home / "events"))
        beside.paths.home.mkdir(parents=True, exist_ok=True)
        part = beside.paths.home / "analytics.duckdb.part"
        for path in (part, _wal(part)):
            path.unlink(missing_ok=True)
        connection.execute("create table ops.publishes (publish_id varchar, published_at timestamptz)")
        connection.execute("insert into ops.publishes values (?, now())", [publish_id])
        _export(connection, part)
        os.replace(part, beside.paths.published)
        return beside

    def rewrite(self) -> None:
        """Write the refresh in the works anew: no free block of its file holds what was deleted from it."""
        self._must_hold_lock()
        self._close_work()
        part = self.paths.home / "work.duckdb.part"
        for path in (part, _wal(part)):
            path.unlink(missing_ok=True)
        with _connect(Path(":memory:"), read_only=False) as connection:
            connection.execute(f"attach '{_quoted(self.paths.work)}' as old (read_only)")
            connection.execute(f"attach '{_quoted(part)}' as anew (storage_version '{_FORMAT}')")
            connection.execute("copy from database old to anew")
            connection.execute("checkpoint anew")
            connection.execute("detach anew")
        os.replace(part, self.paths.work)

    # -- publishing ----------------------------------------------------------------------------------

    def publish(self, publish_id: str) -> None:
        """Make the work file the warehouse, and its published schemas the analysts' file, each by one swap.

        Killed in between, the analysts' file is newer than the warehouse; the next refresh rebuilds both.
        """
        self._must_hold_lock()
        part = self.paths.home / "analytics.duckdb.part"
        for path in (part, _wal(part)):
            path.unlink(missing_ok=True)
        with self.writing() as connection:
            connection.execute("create schema if not exists ops")
            connection.execute(
                "create table if not exists ops.publishes (publish_id varchar, published_at timestamptz)"
            )
            connection.execute("insert into ops.publishes values (?, now())", [publish_id])
            _export(connection, part, views_of=_OF_PEOPLE)
            before_checkpoint(connection, self.paths.work, compact=True)
            connection.execute("checkpoint")
        self._close_work()
        os.replace(part, self.paths.published)
        os.replace(self.paths.work, self.paths.warehouse)
        self.paths.by_hand.unlink(missing_ok=True)
        _fsync_directory(self.paths.home)

    def publish_again(self) -> None:
        """The same, under the id it has: what is desired has not moved, and plans made of it still hold."""
        with self.writing() as connection:
            publish_id = latest_publish(connection)
        self.publish(publish_id)

    def _must_hold_lock(self) -> None:
        if not self._writer.is_held:
            raise RuntimeError("the warehouse is written only inside Warehouse.locked()")


NOT_THERE = (duckdb.CatalogException, duckdb.InvalidInputException)
"""What asking for a table that a file lacks raises; the latter where something in Python has its name."""


def has_table(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    """Whether the file holds this table or view. It is asked for by name: a list of all that is there is put
    together anew each time, column by column."""
    try:
        connection.execute(f'from {schema}."{table}" limit 0')
    except NOT_THERE:
        return False
    return True


def latest_publish(connection: duckdb.DuckDBPyConnection) -> str:
    """The id of the publish that a file came out of; empty when it does not say."""
    if not has_table(connection, "ops", "publishes"):
        return ""
    row = connection.execute("select arg_max(publish_id, published_at) from ops.publishes").fetchone()
    return str(row[0]) if row and row[0] is not None else ""


def before_checkpoint(connection: duckdb.DuckDBPyConnection, path: Path, *, compact: bool = False) -> None:
    """Texts of a small file are not compressed by symbols that are learned from them, which is half of what a
    small checkpoint takes. What is written there has passed the log, and grows to the size of that at most;
    large tables do not pass it, and are compressed as they come. A large file is made compact where that is
    asked for and worth it: for one group of rows less DuckDB writes all around it anew, which, where 3% of a
    table are due in each run, is most of the table in most runs. All cores write, for nothing else
    is done meanwhile.
    """
    is_small = _bytes(path) < _SMALL
    is_merged = is_small or (compact and _is_full_of_holes(connection))
    connection.execute(f"set global disabled_compression_methods = '{_COSTLY if is_small else ''}'")
    connection.execute("reset global max_vacuum_tasks" if is_merged else _AS_IT_IS)
    if not is_small:
        connection.execute("reset global threads")


def _is_full_of_holes(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether of some large table a third of the rows are deleted, and still take room and time."""
    tables = connection.execute(
        """select format('"{}"."{}"', schema_name, table_name), estimated_size from duckdb_tables()
        where database_name = current_database() and estimated_size > ?""", [_GROUP],
    ).fetchall()  # fmt: skip
    for table, rows in tables:
        [(there,)] = connection.execute(f"select count(*) from {table}").fetchall()
        if rows - there > rows * _MOST_HOLES:
            return True
    return False


def _create(path: Path) -> None:
    with _connect(Path(":memory:"), read_only=False) as connection:
        connection.execute(f"attach '{_quoted(path)}' as made (storage_version '{_FORMAT}')")
        connection.execute("detach made")


def _export(connection: duckdb.DuckDBPyConnection, target: Path, views_of: str = "") -> None:
    connection.execute(f"attach '{_quoted(target)}' as published")
    tables = connection.execute(
        "select table_schema, table_name from information_schema.tables "
        f"where table_catalog = current_database() and table_schema in {PUBLISHED_SCHEMAS} "
        "and (table_type = 'BASE TABLE' or table_schema = ?) order by all", [views_of],
    ).fetchall()  # fmt: skip
    for schema in PUBLISHED_SCHEMAS:
        connection.execute(f"create schema if not exists published.{schema}")
    for schema, table in tables:
        connection.execute(f'create table published.{schema}."{table}" as select * from {schema}."{table}"')
    before_checkpoint(connection, target)
    connection.execute("checkpoint published")
    connection.execute("detach published")


@contextmanager
def _connect(path: Path, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    try:
        connection = duckdb.connect(str(path), read_only=read_only)  # noqa: TID251 - this is the one place
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            raise Locked(
                "another program has the file open for writing", where=path.name,
                remedy="close it and run this again",
            ) from None  # fmt: skip
        raise CrmError(
            "the file cannot be read as a DuckDB database", where=path.name,
            remedy="delete it and run make build; state is kept elsewhere and nothing is lost",
        ) from error  # fmt: skip
    try:
        connection.execute(_IN_UTC)
        if not read_only and _bytes(path) >= _SMALL:
            connection.execute(_AS_IT_IS)  # also where the log grows long before the end
        yield connection
    finally:
        if not read_only:
            with suppress(duckdb.Error):  # of one that is broken
                before_checkpoint(connection, path)
        connection.close()


def close_dbt_connections() -> None:
    """dbt keeps the file open after it returns, which would lock everyone else out."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()


def _cores() -> int:
    return os.cpu_count() or 1


def _bytes(path: Path) -> int:
    """Of a file with its log; none where neither is there."""
    return sum(each.stat().st_size for each in (path, _wal(path)) if each.exists())


def _wal(path: Path) -> Path:
    return path.with_name(path.name + ".wal")


def _spill(path: Path) -> Path:
    """The folder that DuckDB makes beside a file when memory does not do, and leaves when it is killed."""
    return path.with_name(path.name + ".tmp")


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _fsync_directory(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
