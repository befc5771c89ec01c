"""Where people are in the raw tables and in the state is declared: nothing new is forgotten."""

from __future__ import annotations

import pytest

from pipelines.erasure.images import KEPT
from pipelines.sources import persons
from pipelines.sources.catalogs import CATALOGS
from pipelines.sources.schema import RawTable
from pipelines.state import tables

ALL = [(vendor, table) for vendor, catalog in CATALOGS.items() for table in catalog]
TEXTS = ("text", "list", "json")
PEOPLE_KEYS = {"record_key", "person_id", "alias"}


def text_columns(table: RawTable) -> list[str]:
    return [name for name, kind in table.columns.items() if kind in TEXTS]


@pytest.mark.parametrize(("vendor", "table"), ALL, ids=[f"{v}.{t.name}" for v, t in ALL])
def test_each_raw_table_declares_how_a_persons_rows_are_found(vendor: str, table: RawTable) -> None:
    assert persons.is_declared(vendor, table.name), (
        f"say in pipelines/sources/persons.py what {vendor} {table.name} holds of people"
    )
    holds = persons.holds_of(vendor, table.name, text_columns(table))
    if not holds.staff:
        looks_like_people = persons.guessed(vendor, table.name, text_columns(table)).columns
        assert looks_like_people <= holds.columns, "columns that hold people's ids or addresses"
    declared = holds.columns - {name.lower() for name in table.columns}
    assert not declared or holds.record, f"declared and not there: {sorted(declared)}"


def test_each_table_of_the_state_that_names_people_is_one_that_erasing_goes_through() -> None:
    going_through = {table.name for table in tables.metadata.sorted_tables if table not in KEPT}
    naming = {t.name for t in tables.metadata.sorted_tables if PEOPLE_KEYS & set(t.columns.keys())}
    assert naming <= going_through
    assert {"journal", "agreed", "person_registry", "person_aliases", "decisions"} <= naming
