"""What a record leads to, as the CRM it goes to says it: Salesforce by a lookup, HubSpot by an association.

Belongs here: which record of one CRM stands for what a record of the other, or a row of a file, leads to.
People, companies and deals by identity, objects of the model by their key.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from pipelines.objects import links, staged
from pipelines.objects.sql import columns_of, quoted
from pipelines.objects.staged import Staged
from pipelines.reverse_sync.mirror.records import LOOKUPS, make_lookups
from pipelines.rules.schema import names
from pipelines.rules.schema.load import Model
from pipelines.rules.schema.objects import Relationship
from pipelines.rules.syncs import Vendor

_BY_IDENTITY = {"company": "account", "contact": "person", "lead": "lead", "deal": "opportunity"}


@dataclass(frozen=True)
class Reference:
    """`sql` gives (record_id, targets): the ids at the target that a record of the source may lead to."""

    field: str
    """The lookup at Salesforce; at HubSpot the type at the other end."""
    relationship: str
    sql: str
    required: bool


def references(
    connection: duckdb.DuckDBPyConnection, model: Model, key: str, to: Vendor, source: Staged
) -> list[Reference]:
    """The relationships of an object that come with its records."""
    each = model.objects[key]
    wish = each.records
    assert wish is not None
    given = wish.file is not None or wish.table is not None
    meant = {
        name: relationship for name, relationship in each.relationships.items()
        if links.is_held_by(to, relationship) and model.target(to, relationship.to) is not None
    }  # fmt: skip
    if not given:
        wanted = {_BY_IDENTITY[r.to] for r in meant.values() if r.to in _BY_IDENTITY}
        make_lookups(connection, wanted)
    found = []
    for name, relationship in meant.items():
        if given:
            sql = _of_rows(connection, model, name, relationship, to, source)
        else:
            sql = _of_crm(connection, model, key, name, relationship, to)
        must = relationship.required or relationship.kind == "master_detail"
        if sql is None and not must:
            continue
        target = model.target(to, relationship.to) or ""
        field = names.lookup_name(name, relationship) if to == "salesforce" else target
        nothing = "select null::varchar as record_id, null::varchar[] as targets where false"
        found.append(Reference(field, name, sql or nothing, must))
    return found


def _of_crm(
    connection: duckdb.DuckDBPyConnection, model: Model, key: str, name: str, relationship: Relationship,
    to: Vendor,
) -> str | None:  # fmt: skip
    wish = model.objects[key].records
    assert wish is not None
    pairs = links.links_sql(connection, model, key, name, wish.origin)
    across = _across(connection, model, relationship.to, wish.origin, to)
    if pairs is None or across is None:
        return None
    return (
        f"select p.own as record_id, list_sort(list(distinct a.there)) as targets from ({pairs}) p "
        f"join ({across}) a on a.here = p.other group by 1"
    )


def _across(
    connection: duckdb.DuckDBPyConnection, model: Model, to: str, origin: Vendor, target: Vendor
) -> str | None:
    """A SELECT of (here, there): which record of the target stands for one of the origin."""
    if to in _BY_IDENTITY:
        table = LOOKUPS[_BY_IDENTITY[to]].table
        here, there = ("left_id", "right_id") if origin == "hubspot" else ("right_id", "left_id")
        return f"select {here} as here, {there} as there from {table}"
    if to not in model.objects or model.objects[to].key is None:
        return None
    ends = [staged.stage(connection, model, to, vendor) for vendor in (origin, target)]
    by = model.objects[to].key or ""
    if any(end is None or by not in end.fields for end in ends):
        return None
    one, other = (end for end in ends if end is not None)
    return (
        f"select h.record_id as here, t.record_id as there from {one.view} h "
        f"join {other.view} t on t.{quoted(by)} = h.{quoted(by)}"
    )


def _of_rows(
    connection: duckdb.DuckDBPyConnection, model: Model, name: str, relationship: Relationship, to: Vendor,
    source: Staged,
) -> str | None:  # fmt: skip
    """A column named as the relationship: an id of the target, or the key of an object of the model."""
    if name.lower() not in columns_of(connection, source.view):
        return None
    value = f"s.{quoted(name)}"
    if relationship.to in model.objects and model.objects[relationship.to].is_custom:
        parent = staged.stage(connection, model, relationship.to, to)
        by = model.objects[relationship.to].key
        if parent is None or by is None or by not in parent.fields:
            return None
        return (
            f"select s.record_id, [t.record_id] as targets from {source.view} s "
            f"join {parent.view} t on t.{quoted(by)} = {value}"
        )
    known = _known(connection, model, relationship.to, to)
    return (
        f"select s.record_id, [{value}] as targets from {source.view} s "
        f"where {value} is not null and {known.format(value)}"
    )


def _known(connection: duckdb.DuckDBPyConnection, model: Model, to: str, vendor: Vendor) -> str:
    """A condition that an id is one the extract has seen, so that a mistyped one is held and said."""
    target = model.target(vendor, to) or ""
    schema, id_column = ("raw_hubspot", "id") if vendor == "hubspot" else ("raw_salesforce", "Id")
    table = f"{schema}.{target if vendor == 'hubspot' else names.raw_table(target)}"
    if not columns_of(connection, table):
        return "{} is not null"
    return "{} in (select " + quoted(id_column) + f" from {table} where deleted_at is null)"
