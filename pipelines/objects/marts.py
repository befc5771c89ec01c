"""A mart for each object of the model: `marts.custom_<object>`, one row per thing whichever CRM has it.

Belongs here: putting the two CRMs' records together by the object's key, and the ids of people, companies and
deals they lead to. Of two values the one of the record that changed last counts.
"""

from __future__ import annotations

import duckdb

from pipelines.objects import links, staged
from pipelines.objects.sql import columns_of, quoted, text_literal
from pipelines.objects.staged import Staged
from pipelines.rules.schema.load import Model
from pipelines.rules.schema.objects import ObjectModel
from pipelines.rules.syncs import Vendor

PREFIX = "custom_"
VENDORS: tuple[Vendor, ...] = ("hubspot", "salesforce")
_TYPES = {
    "number": "try_cast({} as double)", "percent": "try_cast({} as double)",
    "currency": "try_cast({} as decimal(18, 2))", "checkbox": "try_cast({} as boolean)",
    "date": "try_cast({} as date)", "datetime": "try_cast({} as timestamptz)",
    "multi_picklist": "string_split({}, ';')", "rollup": "try_cast({} as double)",
}  # fmt: skip


def name_of(key: str) -> str:
    return f"{PREFIX}{key.lower()}"


def make(connection: duckdb.DuckDBPyConnection, model: Model) -> int:
    """Make the mart of every object that a CRM has rows or a table of; how many. Others are removed."""
    customs = [key for key, each in model.objects.items() if each.is_custom]
    views = {
        key: {v: s for v in VENDORS if (s := staged.stage(connection, model, key, v)) is not None}
        for key in customs
    }
    made = {key: found for key, found in views.items() if found}
    _remove_others(connection, {name_of(key) for key in made})
    for key, found in made.items():
        connection.execute(
            f"create or replace table marts.{name_of(key)} as {_sql(connection, model, key, found)}"
        )
        _describe(connection, model, key)
    return len(made)


def _remove_others(connection: duckdb.DuckDBPyConnection, kept: set[str]) -> None:
    found = connection.execute(
        "select table_name from information_schema.tables where table_schema = 'marts' "
        "and starts_with(table_name, ?) and table_catalog = current_database()",
        [PREFIX],
    ).fetchall()
    for (name,) in found:
        if name not in kept:
            connection.execute(f"drop table marts.{quoted(name)}")


def _sql(connection: duckdb.DuckDBPyConnection, model: Model, key: str, views: dict[Vendor, Staged]) -> str:
    each = model.objects[key]
    fields = [name for name in ("name", *each.fields) if any(name in v.readable for v in views.values())]
    parts = [_rows(connection, model, key, vendor, view, fields) for vendor, view in views.items()]
    leading = _leading(connection, model, key, views)
    shown = [
        f"arg_max({_typed(each, name)}, coalesce(modified_at, '-infinity')) as {quoted(name)}"
        for name in fields
    ]
    shown += [f"arg_max({quoted(column)}, coalesce(modified_at, '-infinity')) as {quoted(column)}"
              for column in leading]  # fmt: skip
    keys = [f"min(record_key) filter (where _vendor = '{v}') as {v}_record_key" for v in VENDORS]
    return (
        f"with records as ({' union all by name '.join(parts)}) "
        f"select _thing as {quoted(f'{key.lower()}_id')}, {', '.join(keys)}, {', '.join(shown)}, "
        "max(modified_at) as modified_at from records group by _thing"
    )


def _typed(each: ObjectModel, name: str) -> str:
    field = each.fields.get(name)
    kind = "" if field is None else field.returns or field.type
    return _TYPES.get(kind, "{}").format(quoted(name))


def _leading(
    connection: duckdb.DuckDBPyConnection, model: Model, key: str, views: dict[Vendor, Staged]
) -> list[str]:
    """The columns of what a record leads to: `company_account_id`, `signer_person_id`."""
    found = [name for vendor in views for name, _ in _leads(connection, model, key, vendor)]
    return list(dict.fromkeys(found))


def _leads(
    connection: duckdb.DuckDBPyConnection, model: Model, key: str, vendor: Vendor
) -> list[tuple[str, str]]:
    """(column, a SELECT of (own, thing)) of each relationship; of several things the first by name."""
    found = []
    for relation, relationship in model.objects[key].relationships.items():
        pairs = links.links_sql(connection, model, key, relation, vendor)
        thing = links.thing_sql(connection, model, relationship.to, vendor)
        if pairs is not None and thing is not None:
            called, members = thing
            found.append(
                (f"{relation.lower()}_{called}",
                 f"select p.own, min(m.thing) as thing from ({pairs}) p join ({members}) m "
                 "on m.record_id = p.other group by 1")
            )  # fmt: skip
    return found


def _rows(
    connection: duckdb.DuckDBPyConnection, model: Model, key: str, vendor: Vendor, view: Staged,
    fields: list[str],
) -> str:  # fmt: skip
    each = model.objects[key]
    shown = [f"s.{quoted(name)}" for name in fields if name in view.readable]
    joins = ""
    for number, (column, sql) in enumerate(_leads(connection, model, key, vendor)):
        joins += f" left join ({sql}) l{number} on l{number}.own = s.record_id"
        shown.append(f"l{number}.thing as {quoted(column)}")
    by = f"s.{quoted(each.key)}" if each.key is not None and each.key in view.readable else "null"
    more = f", {', '.join(shown)}" if shown else ""
    return (
        f"select '{vendor}' as _vendor, coalesce({by}, s.record_key) as _thing, s.record_key, "
        f"try_cast(s.modified_at as timestamptz) as modified_at{more} from {view.view} s{joins}"
    )


def _describe(connection: duckdb.DuckDBPyConnection, model: Model, key: str) -> None:
    """The file's own words as comments of the table, for whoever looks at the published file."""
    each, table = model.objects[key], f"marts.{name_of(key)}"
    told = each.description or f"{each.plural} of both CRMs, by custom_objects.yml"
    connection.execute(f"comment on table {table} is {text_literal(told)}")
    for name in columns_of(connection, table):
        field = each.fields.get(name)
        if field is not None:
            words = text_literal(field.help or field.description or field.label)
            connection.execute(f"comment on column {table}.{quoted(name)} is {words}")
