"""What a record of the model's object leads to: HubSpot's associations, Salesforce's lookups.

Belongs here: pairs of ids within one CRM, and which id of one CRM is which of the other. What is done about
them is `marts`, `findings` and `pipelines.reverse_sync.records`.
"""

from __future__ import annotations

import duckdb

from pipelines.objects.sql import columns_of, quoted, record_key_sql, text_literal
from pipelines.rules.schema import names
from pipelines.rules.schema.load import Model
from pipelines.rules.schema.objects import Relationship
from pipelines.rules.syncs import Vendor

THINGS = {
    "contact": ("intermediate.int_person_members", "person_id"),
    "lead": ("intermediate.int_person_members", "person_id"),
    "company": ("intermediate.int_account_members", "account_id"),
    "deal": ("intermediate.int_opportunity_members", "opportunity_id"),
}
"""Standard objects whose records are of a unified thing: its members, and what its id is called."""


def raw_table(vendor: Vendor, name: str) -> tuple[str, str]:
    """Schema and name of the raw table of an object."""
    if vendor == "hubspot":
        return "raw_hubspot", f"custom_{name}"
    return "raw_salesforce", names.raw_table(name)


def is_held_by(vendor: Vendor, relationship: Relationship) -> bool:
    """Whether a CRM can say where a record leads: Salesforce has no mere association."""
    return vendor in relationship.crms and not (vendor == "salesforce" and relationship.kind == "association")


def links_sql(
    connection: duckdb.DuckDBPyConnection, model: Model, key: str, relation: str, vendor: Vendor
) -> str | None:
    """A SELECT of (own, other): ids of records and of what they lead to. None where the CRM has none."""
    each = model.objects[key]
    relationship = each.relationships[relation]
    owner = names.object_name(vendor, key, each)
    target = model.target(vendor, relationship.to)
    if owner is None or target is None or not is_held_by(vendor, relationship):
        return None
    if vendor == "hubspot":
        return _associations(connection, owner, target)
    table = ".".join(raw_table(vendor, owner))
    field = names.lookup_name(relation, relationship)
    if field.lower() not in columns_of(connection, table):
        return None
    return f"select Id as own, {quoted(field)} as other from {table} where {quoted(field)} is not null"


def _associations(connection: duckdb.DuckDBPyConnection, owner: str, target: str) -> str | None:
    """Either way round: HubSpot tells a pair from one side. A custom object is called by its full name."""
    if not columns_of(connection, "raw_hubspot.associations"):
        return None

    return " union ".join(
        f"select {a}_id as own, {b}_id as other from raw_hubspot.associations "
        f"where {is_type(f'{a}_type', owner)} and {is_type(f'{b}_type', target)}"
        for a, b in (("from", "to"), ("to", "from"))
    )


def is_type(column: str, name: str) -> str:
    """A condition that a column of types names an object; a custom one has the portal's number before it."""
    full = f"regexp_full_match({column}, {text_literal(f'p[0-9]+_{name}')})"
    return f"({column} = {text_literal(name)} or {full})"


def thing_sql(
    connection: duckdb.DuckDBPyConnection, model: Model, to: str, vendor: Vendor
) -> tuple[str, str] | None:
    """(what it is called, a SELECT of (record_id, thing)) for the other end of a relationship."""
    target = model.target(vendor, to)
    if target is None:
        return None
    if to in THINGS:
        table, column = THINGS[to]
        if not columns_of(connection, table):
            return None
        prefix = record_key_sql(connection, vendor, target, "''")
        return column, (
            f"select substr(record_key, length({prefix}) + 1) as record_id, {column} as thing "
            f"from {table} where starts_with(record_key, {prefix})"
        )
    view = f"staging.stg_{vendor}__{to.lower()}"
    if to not in model.objects or not columns_of(connection, view):
        return None
    each = model.objects[to]
    have = columns_of(connection, view)
    by = quoted(each.key) if each.key is not None and each.key.lower() in have else "record_key"
    return f"{to.lower()}_id", f"select record_id, coalesce({by}, record_key) as thing from {view}"
