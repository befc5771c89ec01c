"""Loads the spool into the refresh in the works: what changed merges dlt, the only module that imports it.

Belongs here: what goes in how. What is read whole, a first load too, is one INSERT of the files that were
fetched; what is read anew is deleted first, what is gone is marked. dlt's working directory is made for the
run and thrown away: a package that a killed run left pending would be loaded before, and instead of, this
run's rows.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.errors import CrmError
from pipelines.run import Progress, Run
from pipelines.settings import Settings
from pipelines.sources import about_erased, insert, tables
from pipelines.sources.catalogs import CATALOGS, schema_of
from pipelines.sources.fetched import Fetched, Mode, Part, TableFetch
from pipelines.sources.screen import Screen, screen_of
from pipelines.state.suppression import NOBODY, Suppression
from pipelines.timing import fixed_cost
from pipelines.warehouse import NO_ROOM

if TYPE_CHECKING:
    import duckdb

log = logging.getLogger(__name__)
_MEMORY_MB, _MEMORY_MB_PER_COLUMN, _MEMORY_MB_TO_MERGE = 30, 0.9, 128
"""What DuckDB may hold while it loads; left to itself it takes most of the machine, and of a long table it
takes all it may: by so much is a long load larger than a short one. The wider a row, the more it needs for
the group of rows it is filling, and each of its threads fills one: with a thread for each processor of a
large machine no limit would do. One thread takes less processor time than two sharing it. Merging sorts what
is merged. Where that is not enough, for texts that are long, `insert` gives more."""
_INSERTED: tuple[Mode, ...] = ("replace", "append")
"""By plain INSERT: nothing is there that they would have to be merged with."""
Turn = list[tuple[TableFetch, list[Part]]]


@dataclass(frozen=True)
class Loaded:
    """Rows brought in, by `vendor table`."""

    rows: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


def load(
    fetched: Fetched, connection: duckdb.DuckDBPyConnection, settings: Settings, run: Run, progress: Progress,
    *, suppression: Suppression = NOBODY,
) -> Loaded:  # fmt: skip
    """Bring a fetch into the work file that `connection` is open on. Raises CrmError when dlt refuses.

    Fetching left the people of the suppression list out; those who joined it since are left out here.
    """
    started = time.monotonic()
    pa.default_memory_pool().release_unused()  # what fetching took: DuckDB has an allocator of its own
    _hold_back(connection, _megabytes(fetched))
    tables.prepare(connection, fetched.tables)
    for vendor in CATALOGS:
        found = [table for table in fetched.tables if table.vendor == vendor and table.parts]
        org = next((org.org_id for org in fetched.connections if org.vendor == vendor), "")
        screen = screen_of(vendor, org, suppression) if suppression else None
        for turn in _turns(found):
            _load_turn(vendor, turn, connection, settings, run, progress, screen)
    if suppression:
        about_erased.take_out(connection)
    tables.record(connection, fetched, run)
    for name in ("memory_limit", "threads", "preserve_insertion_order"):
        connection.execute(f"reset {name}")
    return Loaded(fetched.rows, time.monotonic() - started)


def _megabytes(fetched: Fetched) -> int:
    full = [table for table in fetched.tables if table.parts]
    widest = max((len(table.table.columns) for table in full), default=0)
    merges = any(part.mode == "merge" for table in full for part in table.parts)
    return max(_MEMORY_MB_TO_MERGE if merges else 0, round(_MEMORY_MB + widest * _MEMORY_MB_PER_COLUMN))


def _hold_back(connection: duckdb.DuckDBPyConnection, megabytes: int) -> None:
    connection.execute(f"set memory_limit = '{megabytes}MB'")
    connection.execute("set threads = 1")
    connection.execute("set preserve_insertion_order = false")  # nobody asks for it, and it takes memory too


def _turns(found: list[TableFetch]) -> Iterator[Turn]:
    """Parts that may go in together: of each object one window. What others it has comes in later turns."""
    waiting = [(table, _by_turn(table.parts)) for table in found]
    while turn := [(table, turns.pop(0)) for table, turns in waiting if turns]:
        yield turn


def _by_turn(parts: tuple[Part, ...]) -> list[list[Part]]:
    """In the order of reading: what a first load brought, then what changed since it was begun. What several
    objects bring to one table, as associations, is each one's own, so that dlt merges all of it at once."""
    folders: dict[Path, list[Part]] = {}
    for part in parts:
        folders.setdefault(part.path.parent, []).append(part)
    objects: dict[Path, list[list[Part]]] = {}
    for folder in sorted(folders, key=lambda each: each.name != "first"):
        objects.setdefault(folder.parent, []).append(folders[folder])
    return [[part for some in turn for part in some] for turn in zip_longest(*objects.values(), fillvalue=[])]


def _load_turn(
    vendor: str, turn: Turn, connection: duckdb.DuckDBPyConnection,
    settings: Settings, run: Run, progress: Progress, screen: Screen | None,
) -> None:  # fmt: skip
    schema = schema_of(vendor)
    for table, parts in turn:
        for part in parts:
            if part.mode == "scope":
                _delete_scope(connection, f'{schema}."{table.table.name}"', part)
    for table, parts in turn:
        with _said_by(vendor, f"insert of {table.table.name}"):
            _insert(connection, f'{schema}."{table.table.name}"', table, parts, screen)
    _with_dlt(vendor, turn, connection, settings.paths.dlt / run.id / vendor, screen)
    for table, parts in turn:
        for part in parts:
            name = f'{schema}."{table.table.name}"'
            if part.mode == "keep":
                _fill(connection, name, part, table.table.key[0], insert=True)
            elif part.mode == "fill":
                _fill(connection, name, part, table.table.key[0])
            elif part.mode == "mark":
                _mark(connection, name, part)
        progress(f"load {table.name}", table.rows, table.rows)


@contextmanager
def _said_by(vendor: str, step: str) -> Iterator[None]:
    """What goes wrong in a step is a sentence."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        log.error("%s: %s", step, error)
        if NO_ROOM in str(error):
            raise  # the warehouse says it
        raise _not_loaded(vendor, step) from error


def _not_loaded(vendor: str, step: str) -> CrmError:
    return CrmError(
        f"the rows fetched from {vendor} could not be loaded", where=f"step {step}",
        remedy="see the log; what was fetched is kept and the next run loads it",
    )  # fmt: skip


def _insert(
    connection: duckdb.DuckDBPyConnection, name: str, table: TableFetch, parts: list[Part],
    screen: Screen | None,
) -> None:  # fmt: skip
    """What needs no merging: what is read whole, a first load, associations of records just loaded."""
    some = [part for part in parts if part.mode in _INSERTED]
    anew = any(part.mode == "replace" for part in some)
    if screen is None and some:
        insert.into(connection, name, insert.read([str(part.path) for part in some]), anew=anew)
    elif screen is not None:
        for number, part in enumerate(some):
            connection.register("screened", screen(table.table.name, pq.read_table(part.path)))
            insert.into(connection, name, "screened", anew=anew and not number)
            connection.unregister("screened")


def _with_dlt(
    vendor: str, turn: Turn, connection: duckdb.DuckDBPyConnection, work: Path, screen: Screen | None
) -> None:
    merged = [(table, some) for table, parts in turn if (some := [p for p in parts if p.mode == "merge"])]
    if not merged:
        return
    with fixed_cost("dlt"):
        import dlt
        from dlt.pipeline.exceptions import PipelineStepFailed

        from pipelines.sources.handover import SpoolDuckDb
        from pipelines.sources.isolation import isolate

    index = work.with_name(f"{work.name}-parts")
    resources = [_resource(dlt, table, parts, screen, index) for table, parts in merged]
    isolate(work)
    try:
        pipeline = dlt.pipeline(
            vendor, pipelines_dir=str(work), dataset_name=schema_of(vendor), progress=None,
            destination=SpoolDuckDb(connection, naming_convention="direct"),
        )  # fmt: skip
        pipeline.run(resources, schema=dlt.Schema(vendor), loader_file_format="parquet")
    except PipelineStepFailed as error:
        log.error("dlt: %s", error)
        raise _not_loaded(vendor, error.step) from error
    finally:
        shutil.rmtree(work.parent, ignore_errors=True)
    connection.execute(f"drop schema if exists {schema_of(vendor)}_staging cascade")


def _resource(dlt: Any, table: TableFetch, parts: list[Part], screen: Screen | None, index: Path) -> Any:
    """What dlt merges: the files as they are, or what a screen leaves of their rows."""
    name = f"{table.table.name}_merge"
    return dlt.resource(
        _files(parts, index / f"{name}.parquet") if screen is None else _screened(table, parts, screen),
        name=name, table_name=table.table.name, write_disposition="merge", primary_key=list(table.table.key),
    )  # fmt: skip


def _files(parts: list[Part], index: Path) -> Iterator[Any]:
    from pipelines.sources.handover import handed_over

    yield handed_over([part.path for part in parts], sum(part.rows for part in parts), index)


def _screened(table: TableFetch, parts: list[Part], screen: Screen) -> Iterator[pa.Table]:
    for part in parts:
        yield screen(table.table.name, pq.read_table(part.path))


def _delete_scope(connection: duckdb.DuckDBPyConnection, table: str, part: Part) -> None:
    """What is read anew goes first: what is no longer there comes in no answer. Null is anything."""
    names = pq.read_schema(part.path).names
    same = " and ".join(f'(anew."{name}" is null or old."{name}" = anew."{name}")' for name in names)
    connection.execute(
        f"delete from {table} as old using (select * from read_parquet('{_quoted(part.path)}')) as anew "
        f"where {same}"
    )


def _mark(connection: duckdb.DuckDBPyConnection, table: str, part: Part) -> None:
    """Mark rows that the vendor no longer has. A merge is said once and for all."""
    connection.execute(
        f"update {table} as old set deleted_at = gone.deleted_at, deleted_how = gone.deleted_how "
        f"from read_parquet('{_quoted(part.path)}') as gone "
        "where old.id = gone.id and old.deleted_how is distinct from 'merged'"
    )


def _fill(
    connection: duckdb.DuckDBPyConnection, table: str, part: Part, key: str, *, insert: bool = False
) -> None:
    """Put the columns of the part into the rows that are there; with `insert` also the rows that are not."""
    source = f"read_parquet('{_quoted(part.path)}')"
    columns = [name for name in pq.read_schema(part.path).names if name.casefold() != key.casefold()]
    sets = ", ".join(f'"{name}" = anew."{name}"' for name in columns)
    differs = " or ".join(f'old."{name}" is distinct from anew."{name}"' for name in columns)
    connection.execute(
        f"update {table} as old set {sets} from {source} as anew "
        f'where old."{key}" = anew."{key}" and ({differs})'
    )
    if insert:
        connection.execute(
            f"insert into {table} by name select * from {source} as anew "
            f'where not exists (from {table} as old where old."{key}" = anew."{key}")'
        )


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
