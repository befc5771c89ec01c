"""`config/consent.yml` beside what the CRMs have -> the tables of schema `rules` that models of consent read.

Belongs here: finding each place at its vendor, and one SELECT per Salesforce checkbox, which no model can
name because config does. A place that a connected vendor lacks is an error: what people say
there would be lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.errors import ConfigError
from pipelines.rules import consent_syncs
from pipelines.rules.consent import FILE, Place, document, load_consent

if TYPE_CHECKING:
    import duckdb

_PURPOSES = "(purpose varchar, purpose_id varchar, label varchar)"
_PLACES = "(purpose varchar, sync varchar, vendor varchar, object varchar, field varchar, place_id varchar)"
_FLAGS = """
select null::varchar as purpose, null::varchar as field, null::varchar as record_key,
    null::boolean as is_refused where false
"""
_SHOWN = 8
"""Names that an error lists of what there is."""
_LOOKED_UP = {
    "hubspot": ("raw_hubspot.subscription_types", ("id", "name"), "subscription type"),
    "marketing_cloud": ("raw_marketing_cloud.lists", ("ID", "ListName", "CustomerKey"), "list"),
}


def write(connection: duckdb.DuckDBPyConnection, config_dir: Path) -> None:
    """Replace `rules.consent_purposes`, `consent_places` and `consent_flags`. Needs `rules.connections`.

    Raises ConfigError, with file and line, for a place that a connected vendor does not have.
    """
    connected = {v for (v,) in connection.execute("select vendor from rules.connections").fetchall()}
    places = [(name, each) for name, each in consent_syncs.named(config_dir) if each.vendor in connected]
    found = [(name, each, *_found(connection, config_dir, each)) for name, each in places]
    _refuse_one_for_two(config_dir, [(each, i) for _, each, i, _ in found])
    types = {each.purpose: (i, label) for _, each, i, label in found if each.vendor == "hubspot"}
    connection.execute(f"create or replace table rules.consent_purposes {_PURPOSES}")
    for purpose in load_consent(config_dir).purposes:
        i, label = types.get(purpose, ("", purpose))
        row = [purpose, f"hubspot:{i}" if i else f"purpose:{purpose}", label]
        connection.execute("insert into rules.consent_purposes values (?, ?, ?)", row)
    connection.execute(f"create or replace table rules.consent_places {_PLACES}")
    for name, each, i, _ in found:
        connection.execute(
            "insert into rules.consent_places values (?, ?, ?, ?, ?, ?)",
            [each.purpose, name, each.vendor, each.object, consent_syncs.field_of(each), i],
        )
    flags(connection)


def flags(connection: duckdb.DuckDBPyConnection) -> None:
    """Replace `rules.consent_flags`: of each record whether its checkbox for a purpose is ticked."""
    named = connection.execute(
        "select purpose, object, place_id from rules.consent_places where vendor = 'salesforce' order by all"
    ).fetchall()
    org = "(select any_value(org_id) from rules.connections where vendor = 'salesforce')"
    selects = [
        f"select '{purpose}', '{field}', 'salesforce:' || {org} || ':{kind}:' || id, "
        f'coalesce(try_cast("{field}" as boolean), false) from raw_salesforce.{kind.lower()} '
        "where deleted_at is null"
        for purpose, kind, field in named
    ]
    connection.execute(
        f"create or replace table rules.consent_flags as {' union all '.join([_FLAGS, *selects])}"
    )


def _found(connection: duckdb.DuckDBPyConnection, config_dir: Path, place: Place) -> tuple[str, str]:
    """Id and name of a place at its vendor."""
    if place.vendor == "salesforce":
        return _checkbox(connection, config_dir, place), place.name
    table, columns, kind = _LOOKED_UP[place.vendor]
    there = _rows(connection, table, columns)
    wanted = place.name.strip().casefold()
    # An id names one; a name may be several's, and then nobody knows which is meant.
    hits = [row for row in there if row[0] == place.name.strip()]
    hits = hits or [row for row in there if wanted in [str(each or "").casefold() for each in row[1:]]]
    if len(hits) == 1:
        return str(hits[0][0]), str(hits[0][1])
    if hits:
        ids = ", ".join(str(row[0]) for row in hits)
        raise _error(config_dir, place, f"{len(hits)} of its {kind}s are called {place.name}: {ids}",
                     "name one of them by its id")  # fmt: skip
    names = sorted(str(row[1]) for row in there)
    known = ", ".join(names[:_SHOWN]) + (" and others" if len(names) > _SHOWN else "")
    raise _error(
        config_dir, place, f"it has no {kind} {place.name}",
        f"use one that it has: {known}" if known else f"give access to its {kind}s, which were not read",
    )  # fmt: skip


def _checkbox(connection: duckdb.DuckDBPyConnection, config_dir: Path, place: Place) -> str:
    row = connection.execute(
        "select column_name, data_type from duckdb_columns() where database_name = current_database() "
        "and schema_name = 'raw_salesforce' and lower(table_name) = lower($1) "
        "and lower(column_name) = lower($2)",
        [place.object, place.name],
    ).fetchone()
    if row is None:
        raise _error(config_dir, place, f"no field {place.object}.{place.name} has been read from it",
                     "create it there (crm schema), or let the integration user read it")  # fmt: skip
    if row[0] != place.name:
        raise _error(config_dir, place, f"{place.object}.{place.name} is spelt {row[0]} there",
                     "write it as it is there")  # fmt: skip
    if row[1] != "BOOLEAN":
        raise _error(config_dir, place, f"{place.object}.{place.name} is no checkbox", "name a checkbox")
    return str(row[0])


def _rows(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]
) -> list[tuple[object, ...]]:
    schema, _, name = table.partition(".")
    is_there = connection.execute(
        "select 1 from duckdb_tables() where database_name = current_database() and schema_name = $1 "
        "and table_name = $2", [schema, name],
    ).fetchone()  # fmt: skip
    if is_there is None:
        return []
    listed = ", ".join(f'"{column}"' for column in columns)
    found: list[tuple[object, ...]] = connection.execute(f"select {listed} from {table}").fetchall()
    return found


def _refuse_one_for_two(config_dir: Path, found: Sequence[tuple[Place, str]]) -> None:
    """A list by its name here and by its key there is one list."""
    seen: dict[tuple[str, str, str], Place] = {}
    for place, i in found:
        other = seen.setdefault((place.vendor, place.object, i), place)
        if other is not place:
            said = f"{other.name} and {place.name} are one and the same there"
            raise _error(config_dir, place, said, "name each place once")


_LABELS = {"hubspot": "HubSpot", "marketing_cloud": "Marketing Cloud", "salesforce": "Salesforce"}


def _error(config_dir: Path, place: Place, what: str, remedy: str) -> ConfigError:
    return ConfigError(
        f"{_LABELS[place.vendor]}, purpose {place.purpose}: {what}",
        where=f"{FILE} line {document(config_dir).line_of(*place.loc)}", remedy=remedy,
    )  # fmt: skip
