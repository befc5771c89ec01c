"""A refresh in the works, small enough to read: raw tables of both catalogs, a few rows, a few marts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from pipelines.settings import Settings
from pipelines.sources.hubspot.catalog import TABLES as HUBSPOT
from pipelines.sources.salesforce.catalog import TABLES as SALESFORCE
from pipelines.warehouse import Warehouse

SQL_TYPES = {
    "text": "varchar", "number": "double", "integer": "bigint", "money": "decimal(18,2)",
    "price": "decimal(38,8)", "decimal": "decimal(38,18)", "rate": "decimal(18,8)", "date": "date",
    "boolean": "boolean", "timestamp": "timestamptz", "list": "varchar[]", "json": "varchar",
}  # fmt: skip
LOADS = (
    "create table ops.loads (run_id varchar, vendor varchar, object varchar, table_name varchar, "
    "status varchar, rows bigint, window_from timestamptz, window_to timestamptz, loaded_at timestamptz, "
    "calls bigint, note varchar)"
)


@dataclass
class Home:
    """A home directory whose three files tests fill by SQL."""

    settings: Settings

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(self.settings.paths)

    @contextmanager
    def sql(self, file: str = "work") -> Iterator[duckdb.DuckDBPyConnection]:
        path: Path = getattr(self.settings.paths, file)
        with duckdb.connect(str(path)) as connection:
            connection.execute("set timezone = 'UTC'")
            yield connection

    def keep(self) -> None:
        """What is in the works becomes what was published last."""
        for file in ("warehouse", "published"):
            getattr(self.settings.paths, file).write_bytes(self.settings.paths.work.read_bytes())

    def loaded(self, vendor: str, table: str, *, status: str = "loaded", rows: int = 0) -> None:
        with self.sql() as connection:
            connection.execute(
                "insert into ops.loads values ('r1', ?, ?, ?, ?, ?, null, '2026-02-01', '2026-02-01', 1, '')",
                [vendor, table, table, status, rows],
            )

    def contacts(self, count: int, email: str = "'p' || i || '@example.com'") -> None:
        with self.sql() as connection:
            connection.execute(
                "insert into raw_hubspot.contacts by name "
                f"select 'c' || i as id, {email} as email, 'lead' as lifecyclestage, "
                f"timestamptz '2026-01-01' as createdate from range({count}) t(i)"
            )
        self.loaded("hubspot", "contacts", rows=count)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(Settings(home=tmp_path, config_dir=tmp_path / "config"))
    with made.sql() as connection:
        connection.execute("create schema ops")
        connection.execute(LOADS)
        for vendor, tables in (("hubspot", HUBSPOT), ("salesforce", SALESFORCE)):
            connection.execute(f"create schema raw_{vendor}")
            for table in tables:
                columns = ", ".join(f'"{name}" {SQL_TYPES[kind]}' for name, kind in table.columns.items())
                connection.execute(f'create table raw_{vendor}."{table.name}" ({columns})')
    return made
