"""dlt's DuckDB destination, given the spool's files as they are: what is merged, in one INSERT before it is.

Belongs here: what is passed to dlt in place of rows, and the job that reads it. dlt would write every part
anew, or load each by itself, which takes DuckDB two to three times as long. So dlt gets a Parquet file
without rows that has the parts' columns and names them; schema, dispositions, staging and merging stay dlt's.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dlt
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from dlt.destinations.exceptions import DatabaseException
from dlt.destinations.impl.duckdb.duck import DuckDbClient, DuckDbCopyJob
from dlt.destinations.impl.duckdb.factory import duckdb
from duckdb import OutOfMemoryException

from pipelines.sources import insert

_PARTS = b"crm-integration.parts"


def handed_over(parts: Sequence[Path], rows: int, index: Path) -> Any:
    """What a dlt resource yields for the parts of a table. `index`: the file to name them in."""
    schema = pq.read_schema(parts[0])
    names = orjson.dumps([str(part) for part in parts])
    index.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(schema.with_metadata({**(schema.metadata or {}), _PARTS: names}).empty_table(), index)
    return dlt.mark.with_file_import(str(index), "parquet", rows, pa.Table.from_batches([], schema))


class SpoolDuckDb(duckdb):  # type: ignore[misc]  # dlt is untyped to us
    """dlt's own destination, but for its job and for working out what it is like only once."""

    _capabilities: Any = None

    def capabilities(self, config: Any = None, naming: Any = None) -> Any:
        """dlt asks for every job, and resolves its whole configuration each time; nothing of it changes."""
        if self._capabilities is None:
            self._capabilities = super().capabilities(config, naming)
        return self._capabilities

    @property
    def client_class(self) -> type[DuckDbClient]:
        return _Client


class _Client(DuckDbClient):  # type: ignore[misc]
    def create_load_job(self, table: Any, file_path: str, load_id: str, restore: bool = False) -> Any:
        job = super().create_load_job(table, file_path, load_id, restore)
        return _Job(file_path) if type(job) is DuckDbCopyJob else job


class _Job(DuckDbCopyJob):  # type: ignore[misc]
    """Reads the parts that the file names, or the file itself when it names none."""

    def run(self) -> None:
        named = (pq.read_schema(self._file_path).metadata or {}).get(_PARTS)
        if named is None:
            super().run()
            return
        sql = self._job_client.sql_client
        table = sql.make_qualified_table_name(self.load_table_name)
        statement = f"INSERT INTO {table} BY NAME SELECT * FROM {insert.read(orjson.loads(named))}"
        insert.with_room(lambda: sql.execute_sql(statement), sql.execute_sql, _is_full)


def _is_full(error: Exception) -> bool:
    return isinstance(error, DatabaseException) and isinstance(error.dbapi_exception, OutOfMemoryException)
