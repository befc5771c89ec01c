"""Where any table of `raw_hubspot` says otherwise than the portal's own store.

Belongs here: the comparison, nothing of how the copy is made. A table or column nobody tells of fails it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson

from pipelines.sources.catalogs import CATALOGS
from pipelines.sources.schema import ColumnType

from .portal import Portal
from .told import SHOWN

Row = dict[str, Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OF_RECORDS = {table.name for table in CATALOGS["hubspot"] if table.is_record}
_KEYLESS = {"subscription_changes"}
"""HubSpot gives them no id: ours is no column to compare."""


def differences(portal: Portal, *, of_records: bool = True) -> list[Any]:
    """Every row and value of `raw_hubspot` that the store does not say, or says otherwise; and the tables and
    columns that nobody compares."""
    tables = {
        name
        for (name,) in portal.rows(
            "select table_name from information_schema.tables where table_schema = 'raw_hubspot' "
            "and table_name not like '~_dlt%' escape '~'"
        )
    }
    customs = {name for name in tables if name.startswith("custom_")}
    told = SHOWN.keys() | _OF_RECORDS | customs | {"associations", "schemas"}
    found: list[Any] = [(name, "not compared") for name in tables - told if not name.endswith("_history")]
    for name in sorted(SHOWN.keys() - (set() if of_records else {"properties"})):
        found += _of_table(portal, name)
    if not of_records:
        return found
    for name in sorted(_OF_RECORDS):
        found += [(name, *each) for each in portal.differences(name)]
    for name in sorted(customs):
        found += [(name, *each) for each in portal.differences(_custom(portal, name), name)]
    for name in sorted(each for each in tables if each.endswith("_property_history")):
        found += _of_history(portal, name)
    return [*found, *of_associations(portal), *_of_schemas(portal)]


def _custom(portal: Portal, table: str) -> str:
    short = table.removeprefix("custom_")
    return next(str(each["fullyQualifiedName"]) for each in _schemas(portal) if each["name"] == short)


def _of_table(portal: Portal, name: str) -> list[Any]:
    query, paths = SHOWN[name]
    table = next(each for each in CATALOGS["hubspot"] if each.name == name)
    columns = {column: kind for column, kind in table.columns.items() if column in paths}
    untold = table.columns.keys() - paths.keys() - ({"id"} if name in _KEYLESS else set())
    there = [orjson.loads(shown) for (shown,) in portal.store(query)]
    before = [
        tuple(plain(kind, _at(each, paths[column])) for column, kind in columns.items()) for each in there
    ]
    listed = ", ".join(f'"{column}"' for column in columns)
    after = [
        tuple(plain(kind, value) for value, kind in zip(row, columns.values(), strict=True))
        for row in portal.rows(f"select {listed} from raw_hubspot.{name}")
    ]
    return [(name, "nobody tells of", each) for each in untold] + _apart(name, before, after)


def _apart(name: str, before: Iterable[tuple[Any, ...]], after: Iterable[tuple[Any, ...]]) -> list[Any]:
    """Rows that stand on one side only, each as often as it does."""
    left, right = sorted(map(repr, before)), sorted(map(repr, after))
    if left == right:
        return []
    lacking, extra = _less(left, right), _less(right, left)
    return [(name, "not here", row) for row in lacking] + [(name, "not there", row) for row in extra]


def _less(many: list[str], other: list[str]) -> list[str]:
    return sorted((Counter(many) - Counter(other)).elements())


def _at(found: Any, path: str) -> Any:
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def plain(kind: ColumnType, value: Any) -> Any:
    """A value of either side as its type says it. What is empty is null, as HubSpot means it."""
    if value is None or value == "" or (value == [] and kind == "list"):
        return None
    if kind in ("json", "list"):
        found = orjson.loads(value) if isinstance(value, str | bytes) else value
        return _json(found) if kind == "json" else [str(each) for each in found]
    readings: dict[str, Callable[[Any], Any]] = {
        **dict.fromkeys(("money", "price", "rate", "decimal"), lambda v: Decimal(str(v)).normalize()),
        "boolean": lambda v: v in (True, 1, "true", "1"), "date": lambda v: str(v)[:10],
        "number": float, "integer": lambda v: int(float(v)), "timestamp": _ms, "text": str,
    }  # fmt: skip
    return readings[kind](value)


def _json(found: Any) -> str:
    return orjson.dumps(found, option=orjson.OPT_SORT_KEYS).decode()


def _ms(value: Any) -> int:
    if isinstance(value, str) and not value.isdigit():
        value = datetime.fromisoformat(value)
    return (value - _EPOCH) // timedelta(milliseconds=1) if isinstance(value, datetime) else int(value)


def _of_history(portal: Portal, name: str) -> list[Any]:
    """Of the properties that are kept, of records the portal shows or the copy keeps: every change once."""
    kind = name.removesuffix("_property_history")
    read = portal.rows(f"select comment from duckdb_tables() where table_name = '{name}'")[0][0] or ""
    kept = {each for each in read.split(",") if each}
    living = {
        key: (created, orjson.loads(props))
        for key, created, props in portal.store(f'select id, created, props from "{kind}" where archived = 0')
    }
    # A property that never changed has the one value it came with; of several in one instant the newest
    # counts.
    made = {
        int(key)
        for (key,) in portal.store(
            "select distinct record_id from writes where object = ? and operation = 'create'", kind
        )
    }
    by = {key: ("INTEGRATION", "sandbox-app") if key in made else ("IMPORT", "import") for key in living}
    there: dict[Any, Any] = {
        (key, named, created): (props[named] or None, *by[key])
        for key, (created, props) in living.items()
        for named in kept & props.keys()
    }
    moved = {
        (key, named, at): (value or None, source_type, source)
        for key, named, at, value, source_type, source in portal.store(
            "select id, property, at, value, source_type, source_id from history where object = ? "
            "order by rowid",
            kind,
        )
        if named in kept and key in living
    }
    changed = {key[:2] for key in moved}
    there = {key: value for key, value in there.items() if key[:2] not in changed} | moved
    here = {
        (int(key), named, _ms(at)): (value or None, source_type, source)
        for key, named, at, value, source_type, source in portal.rows(
            f"select id, property, changed_at, value, source_type, source_id from raw_hubspot.{name}"
        )
        if int(key) in living
    }
    counted = portal.rows(f"select count(*), count(distinct (id, property, changed_at)) "
                          f"from raw_hubspot.{name}")[0]  # fmt: skip
    twice = [] if counted[0] == counted[1] else [(name, "rows that stand there twice", counted)]
    return twice + [
        (name, key, there.get(key), here.get(key))
        for key in there.keys() | here.keys()
        if there.get(key) != here.get(key)
    ]


def of_associations(portal: Portal) -> list[Any]:
    """Every association of two records that live: from one side or from both, each side whole."""
    kinds = {name for pair in portal.store("select distinct from_type, to_type from associations")
             for name in pair}  # fmt: skip
    living = {
        (kind, int(key))
        for kind in kinds
        for (key,) in portal.store(f'select id from "{kind}" where archived = 0')
    }
    columns = "from_type, from_id, to_type, to_id, type_id, category, label"
    alive = lambda row: (row[0], int(row[1])) in living and (row[2], int(row[3])) in living  # noqa: E731
    there = {row for row in portal.store(f"select {columns} from associations") if alive(row)}
    found = portal.rows(f"select {columns} from raw_hubspot.associations")
    here = {(a, int(b), c, int(d), *rest) for a, b, c, d, *rest in found}
    read = {(row[0], row[2]) for row in here}
    pairs = {(row[0], row[2]) for row in there}
    unread = [("associations", "a pair that nobody reads", pair) for pair in pairs
              if not {pair, pair[::-1]} & read]  # fmt: skip
    # Of two records of one type the one that changed tells of both until the next sweep.
    both = {(row[2], row[3], row[0], row[1]) for row in here if row[0] == row[2]}
    lacking = {row for row in there if (row[0], row[2]) in read and row[:4] not in both} - here
    extra = {row for row in here if alive(row)} - there
    twice = [] if len(found) == len(here) else [("associations", "rows that stand there twice")]
    return unread + twice + [("associations", "not here", row) for row in lacking] + [
        ("associations", "not there", row) for row in extra
    ]  # fmt: skip


def _schemas(portal: Portal) -> list[Row]:
    """The store has no table of them: what the API shows is all there is."""
    return list(portal.do("GET", "/crm-object-schemas/2026-03/schemas")["results"])


def _of_schemas(portal: Portal) -> list[Any]:
    before = [
        (each["objectTypeId"], each["name"], each["fullyQualifiedName"], each["labels"]["plural"],
         each["primaryDisplayProperty"], each["requiredProperties"], _json(each["associations"]),
         each["archived"], _ms(each["createdAt"]), _ms(each["updatedAt"]))
        for each in _schemas(portal)
    ]  # fmt: skip
    found = portal.rows(
        "select id, name, fully_qualified_name, label, primary_property, required_properties, associations, "
        "archived, created_at, updated_at from raw_hubspot.schemas"
    )
    after = [(*row[:6], _json(orjson.loads(row[6])), row[7], _ms(row[8]), _ms(row[9])) for row in found]
    return _apart("schemas", before, after)
