"""Opens the state database: SQLite in `var/`, or PostgreSQL by `CRM_STATE_URL`.

Belongs here: the engine and its transactions. What is in the tables is in the module named after each.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, IntegrityError

from pipelines.errors import ConfigError, CrmError, Locked
from pipelines.settings import Settings
from pipelines.state.migrations import migrate

_BUSY_SECONDS = 10.0
_QUEUE_SECONDS = 300.0
"""For threads of one process: each holds it for moments, but nothing says whose turn comes first."""
_POLL_SECONDS = 0.2
_HOLDER = (
    "select a.application_name from pg_locks l join pg_stat_activity a on a.pid = l.pid "
    "where l.locktype = 'advisory' and l.granted and l.classid = 0 and l.objid = :key"
)


class State:
    """An open state database. Use as a context manager, or `close()` it."""

    def __init__(self, engine: Engine, where: str) -> None:
        self.engine = engine
        self.where = where
        self._writers = threading.Lock()
        self._writing: int | None = None
        """The thread that holds it."""

    @classmethod
    def open(cls, settings: Settings) -> State:
        """Open (and create or migrate) the state database that the settings name."""
        if settings.state_url:
            engine, where = _postgresql(settings.state_url)
        else:
            engine, where = _sqlite(settings.paths.state), settings.paths.state.name
        state = cls(engine, where)
        try:
            with state.writing() as connection:
                migrate(connection, where)
        except BaseException:
            state.close()
            raise
        return state

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One write transaction: on the disk when the block ends, rolled back if it raises."""
        # Threads of ours queue here: SQLite would let them poll, a tenth of a second at a time.
        me = threading.get_ident()
        if self._writing == me or not self._writers.acquire(timeout=_QUEUE_SECONDS):
            raise Locked("this run already writes to the state database", where=self.where)
        self._writing = me
        try:
            with self._connected("immediate") as connection:
                yield connection
        finally:
            self._writing = None
            self._writers.release()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view for reading."""
        with self._connected("deferred") as connection:
            yield connection

    @contextmanager
    def _connected(self, mode: str) -> Iterator[Connection]:
        try:
            with self.engine.execution_options(begin_mode=mode).begin() as connection:
                yield connection
        except IntegrityError:
            raise  # a fault of ours, not of the database
        except (DatabaseError, sqlite3.DatabaseError) as error:
            raise _explained(error, self.where) from error

    @contextmanager
    def alone(self, what: str, holder: str, *, wait_seconds: float = 0.0) -> Iterator[None]:
        """Nobody else does `what` meanwhile, on whatever machine; raises Locked by name of who does so long.
        A SQLite file has one machine, and that a lock of its own; PostgreSQL's ends with its connection."""
        if self.engine.dialect.name == "sqlite":
            yield
            return
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(
                text("select set_config('application_name', :name, false)"), {"name": holder[:63]}
            )
            key = {"key": int.from_bytes(hashlib.sha256(what.encode()).digest()[:4]) >> 1}
            deadline = time.monotonic() + wait_seconds
            while not connection.execute(text("select pg_try_advisory_lock(:key)"), key).scalar():
                if time.monotonic() < deadline:
                    time.sleep(_POLL_SECONDS)
                    continue
                other = connection.execute(text(_HOLDER), key).scalar() or "another run"
                raise Locked(
                    f"{what} is in use by {other}",
                    where=self.where,
                    remedy="wait for it to end and run this again",
                )
            try:
                yield
            finally:
                connection.execute(text("select pg_advisory_unlock(:key)"), key)
                connection.invalidate()  # it bears a name, which nobody who takes it after us should

    def compact(self) -> None:
        """Write the file anew: no free page holds what was deleted. PostgreSQL rewrites its tables."""
        if self.engine.dialect.name == "sqlite":
            raw = self.engine.raw_connection()
            try:
                raw.cursor().execute("vacuum")
                raw.cursor().execute("pragma wal_checkpoint(truncate)")
            finally:
                raw.close()
            return
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("vacuum full")

    def close(self) -> None:
        self.engine.dispose()

    def __enter__(self) -> State:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _sqlite(path: Path) -> Engine:
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": _BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # pysqlite would begin too late; BEGIN is ours, below
        connection.execute("pragma journal_mode = wal")
        connection.execute(
            "pragma synchronous = full"
        )  # an intent must outlive a power cut, not only a crash

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get("begin_mode", "deferred")
        connection.exec_driver_sql(f"begin {mode}")

    return engine


def _postgresql(url: str) -> tuple[Engine, str]:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigError(
            "CRM_STATE_URL is not a database URL", where="environment or .env",
            remedy="write postgresql://user:password@host/database",
        ) from None  # fmt: skip
    if parsed.get_backend_name() != "postgresql":
        raise ConfigError(
            f"CRM_STATE_URL names {parsed.get_backend_name()}, which is not supported",
            where="environment or .env", remedy="use PostgreSQL, or leave it out for SQLite",
        )  # fmt: skip
    try:
        engine = create_engine(parsed.set(drivername="postgresql+psycopg"))
    except ModuleNotFoundError:
        raise ConfigError(
            "CRM_STATE_URL names PostgreSQL and its driver is not installed", where="environment or .env",
            remedy="install the project with its extra postgres",
        ) from None  # fmt: skip
    return engine, f"{parsed.host or 'local socket'}/{parsed.database or ''}"


def _explained(error: DatabaseError | sqlite3.DatabaseError, where: str) -> CrmError:
    cause = error.orig if isinstance(error, DBAPIError) else error
    message = str(cause).splitlines()[0]
    if "locked" in message:
        return Locked("another run holds the state database", where=where, remedy="wait for it to end")
    return CrmError(
        f"the state database cannot be used: {message}", where=where,
        remedy="check that it can be reached and written to",
    )  # fmt: skip
