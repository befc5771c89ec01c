"""Which models are worked out anew for a few people: what lies between their records and what is decided.

Belongs here: that choice, from what depends on what, and the SQL of those models. What rests on other records
than these people's (companies, deals, owners, campaigns, who is the same) is looked up in the warehouse.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import duckdb

from pipelines import transform
from pipelines.settings import Settings
from pipelines.sources import persons
from pipelines.sources.catalogs import schema_of
from pipelines.transform import Model
from pipelines.warehouse import Warehouse

DESIRED = (
    "existing_hubspot__contacts", "sync_hubspot__contacts", "existing_salesforce__leads",
    "sync_salesforce__leads", "existing_salesforce__contacts", "sync_salesforce__contacts",
)  # fmt: skip
DECIDED_ON = (
    "int_person_keys",
    "int_person_members",
    "int_sales_contacts",
    "unified_leads",
    "open_leads",
    "attribution_touchpoints",
    "int_refused_purposes",
)
WHO = "int_people_resolved"
"""Who is the same person: for these few it is looked up (`who`), and models that read it follow."""
_ELSEWHERE = frozenset({"accounts", "opportunities", "owners", "pipeline", "duplicates", "credits"})
"""Folders of models about other things than people."""
_CREDITS = "attribution_credits"
_CAMPAIGNS = "int_campaign"


@dataclass(frozen=True)
class Anew:
    """SQL by relation (`schema.name`), each after what it needs."""

    staging: Mapping[str, str]
    people: Mapping[str, str]
    desired: Mapping[str, str]
    columns: frozenset[tuple[str, str, str]]
    """Those of the raw tables that this SQL was made for: some of it asks which there are."""
    models: frozenset[str]
    """Names of all that the project has now: a warehouse may hold what an earlier one made."""


def compiled(settings: Settings, warehouse: Warehouse) -> Anew:
    """Choose and compile. The caller holds the lock, and no refresh is in the works."""
    known = transform.models(settings)
    staging = [name for name, model in known.items() if model.folder[0] == "staging"]
    people, desired = chosen(known, DECIDED_ON), chosen(known, DESIRED)
    warehouse.start_work()
    try:
        with warehouse.reading("work") as connection:
            columns = raw_columns(connection, "work")
        made = transform.compiled_models(settings, warehouse, [*staging, *people, *desired])
    finally:
        warehouse.discard_work()
    sql = {relation.split(".")[1]: (relation, text) for relation, _, text in made}
    return Anew(
        dict(sql[name] for name in staging), dict(sql[name] for name in people),
        dict(sql[name] for name in desired if name not in people), columns, frozenset(known),
    )  # fmt: skip


def chosen(known: Mapping[str, Model], targets: Iterable[str]) -> list[str]:
    """The models between people's raw tables and the targets, the targets among them, in order."""
    above = _needed(known, targets)
    touched = {*of_people(), WHO}
    found = []
    for name, model in known.items():
        if model.needs & touched and _is_ours(model):
            touched.add(name)
            if name in above and model.folder[0] != "staging":
                found.append(name)
    return found


def of_people() -> Iterable[str]:
    """The raw tables, `schema.name`, in which rows are some person's."""
    for vendor, tables in persons.DECLARED.items():
        for name, holds in tables.items():
            if holds.ids or holds.typed or holds.emails or holds.via or holds.record:
                yield f"{schema_of(vendor)}.{name}"


def raw_columns(connection: duckdb.DuckDBPyConnection, database: str) -> frozenset[tuple[str, str, str]]:
    rows = connection.execute(
        "select schema_name, table_name, column_name from duckdb_columns() "
        "where database_name = ? and starts_with(schema_name, 'raw_')", [database],
    ).fetchall()  # fmt: skip
    return frozenset((str(a), str(b), str(c)) for a, b, c in rows)


def _is_ours(model: Model) -> bool:
    is_elsewhere = _ELSEWHERE & set(model.folder) or model.name.startswith(_CAMPAIGNS)
    return model.is_sql and not is_elsewhere and model.name != _CREDITS


def _needed(known: Mapping[str, Model], targets: Iterable[str]) -> set[str]:
    found: set[str] = set()
    left = list(targets)
    while left:
        name = left.pop()
        if name not in found and name in known and _is_ours(known[name]):
            found.add(name)
            left += known[name].needs
    return found
