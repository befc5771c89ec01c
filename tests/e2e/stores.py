"""Reads what the CRMs themselves hold: the sandbox's stores, and which of their records are mirrored.

Belongs here: looking up by id or query. What was published is read by `marts`.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import duckdb


def rows(home: Path, store: str, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """Rows of a query on one vendor's store."""
    with closing(sqlite3.connect(home / "sandbox" / f"{store}.sqlite")) as connection:
        return connection.execute(query, values).fetchall()


CRMS = ("hubspot", "salesforce")


class Write(NamedTuple):
    """A change that a vendor has stored, by its own account."""

    vendor: str
    object: str
    record_id: str
    field: str
    after: str | None


def writes(home: Path, *vendors: str) -> list[Write]:
    """Everything that changed something at these vendors, in the order of each."""
    query = "select object, record_id, field, after from writes where operation <> 'noop' order by seq"
    return [Write(vendor, *row) for vendor in vendors for row in rows(home, vendor, query)]


def sobject(home: Path, name: str, record_id: str) -> dict[str, Any]:
    """A record of Salesforce by its id."""
    with closing(sqlite3.connect(home / "sandbox" / "salesforce.sqlite")) as store:
        store.row_factory = sqlite3.Row
        return dict(store.execute(f'select * from "{name}" where Id = ?', [record_id]).fetchone())


def pairs(home: Path) -> list[tuple[str, str, str]]:
    """(HubSpot id, Salesforce object, Salesforce id) of everybody who is mirrored."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        return [
            (left.split(":")[3], right.split(":")[2], right.split(":")[3])
            for (key,) in connection.sql("select pair_key from intermediate.mirror_base").fetchall()
            for left, right in [key.split("|")]
        ]


def twins(home: Path, contacts: list[str]) -> dict[str, str]:
    """Of these contacts those that HubSpot has twice, each with another one of the same person."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        found = connection.sql(
            "select split_part(m.record_key, ':', 4), split_part(o.record_key, ':', 4) "
            "from intermediate.int_person_members m join intermediate.int_person_members o using (person_id) "
            "where m.record_key like 'hubspot:%:contacts:%' and o.record_key like 'hubspot:%:contacts:%' "
            "and m.record_key <> o.record_key"
        ).fetchall()
    return {one: other for one, other in found if one in contacts and other not in contacts}
