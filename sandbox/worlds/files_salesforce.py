"""Salesforce from files: feeds to rows, ids made or kept, and what a stage or a status implies."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sandbox.salesforce import picklists, schema
from sandbox.salesforce.fields import SObject, parse
from sandbox.store import Store
from sandbox.worlds import salesforce_org
from sandbox.worlds.mapping import Feed, Mapping, Source
from sandbox.worlds.reading import Findings, rows_of, value_of
from sandbox.worlds.tables import MappingError, Table

Stage = tuple[str, int, bool, bool, str]
_SHAPES = {
    "boolean": "boolean", "int": "integer", "double": "number", "currency": "number", "percent": "number",
    "date": "date", "datetime": "datetime",
}  # fmt: skip


def objects_of(mapping: Mapping) -> dict[str, SObject]:
    """The standard objects, with the fields and objects the mapping adds."""
    found = schema.standard_objects()
    for name, lines in (mapping.salesforce.get("fields") or {}).items():
        if name not in found:
            raise MappingError(f"The mapping adds fields to {name}, which is not a standard object.")
        added = [parse(line, {}) for line in lines]
        fields = found[name].fields | {f.name: f for f in added}
        old = found[name]
        found[name] = SObject(old.name, old.label, old.plural, old.prefix, fields, old.read_only)
    for name, wish in (mapping.salesforce.get("objects") or {}).items():
        found[name] = schema.custom_object(name, wish["prefix"], wish.get("fields") or [])
    return found


def create(
    home: Path, store: Store, seed: int, mapping: Mapping, tables: dict[str, Table], findings: Findings
) -> None:
    """An org filled from the files."""
    stages = tuple(_stage(s) for s in mapping.salesforce.get("stages") or ()) or picklists.STAGES
    objects = objects_of(mapping)
    loader = salesforce_org.prepare(
        store, home, seed=seed, at=mapping.loaded, name="Northwind", objects=objects,
        currency=mapping.salesforce.get("currency", "USD"), stages=stages,
    )  # fmt: skip
    for feed in mapping.salesforce_feeds:
        _fill(loader, feed, tables[feed.table], findings, {s[0]: s for s in stages})


def _stage(raw: Any) -> Stage:
    name, probability, closed, won, forecast = raw
    return str(name), int(probability), bool(closed), bool(won), str(forecast)


def _fill(
    loader: salesforce_org.Loader, feed: Feed, table: Table, findings: Findings, stages: dict[str, Stage]
) -> None:
    sobject = loader.objects.get(feed.to)
    if sobject is None:
        raise MappingError(f"The mapping feeds {feed.to}, which this org does not have.")
    sources = _auto(feed, sobject, table) | feed.fields
    for name in sources:
        if name not in sobject.fields:
            raise MappingError(
                f"The feed of {feed.to} names the field {name}, which the object does not have."
            )
    keys = findings.keys.setdefault(feed.to, {})
    rows, taken = [], set(keys.values())
    # Ids first, so that rows of one table may refer to each other.
    picked = list(rows_of(feed, table))
    for row in picked:
        record_id = row.get(sources["Id"].column, "") if "Id" in sources else loader.new_id(feed.to)
        key = row.get(feed.key, "") if feed.key else ""
        if record_id in taken or (key and key in keys):
            findings.note(f"{feed.to}: a row with a key that is there already, left out")
            continue
        taken.add(record_id)
        keys[key or record_id] = record_id
        rows.append((record_id, row))
    loader.add(feed.to, [_row(sobject, sources, i, row, findings, stages) for i, row in rows], explicit=True)


def _auto(feed: Feed, sobject: SObject, table: Table) -> dict[str, Source]:
    """With `auto: snake`, every column that spells a field's name: `account_id` feeds AccountId."""
    if feed.auto != "snake":
        return {}
    by_name = {re.sub(r"_", "", name).lower(): field for name, field in sobject.fields.items()}
    found = {}
    for column in table.columns:
        field = by_name.get(column.replace("_", ""))
        if field is not None and not column.startswith("_"):
            found[field.name] = Source(column=column, shape=_SHAPES.get(field.type, ""))
    return found


def _row(
    sobject: SObject, sources: dict[str, Source], record_id: str, row: dict[str, str], findings: Findings,
    stages: dict[str, Stage],
) -> dict[str, Any]:  # fmt: skip
    found = {"Id": record_id}
    for name, source in sources.items():
        if name != "Id":
            kind = sobject.fields[name].type
            shaped = source if source.shape else Source(**vars(source) | {"shape": _SHAPES.get(kind, "")})
            found[name] = value_of(shaped, row, sobject.name, name, findings)
    if "LastName" in sobject.fields and not found.get("Name"):
        found["Name"] = " ".join(p for p in (found.get("FirstName"), found.get("LastName")) if p)
    return _implied(sobject, found, stages)


def _implied(sobject: SObject, row: dict[str, Any], stages: dict[str, Stage]) -> dict[str, Any]:
    """What Salesforce itself would have set; a value from the files goes first."""
    implied: dict[str, Any] = {}
    stage = stages.get(str(row.get("StageName")))
    if "StageName" in sobject.fields and stage is not None:
        _, probability, closed, won, forecast = stage
        amount = row.get("Amount")
        implied = {
            "Probability": float(probability), "IsClosed": closed, "IsWon": won, "ForecastCategory": forecast,
            "ForecastCategoryName": picklists.FORECAST_NAMES[forecast],
            "ExpectedRevenue": amount * probability / 100 if isinstance(amount, float) else None,
        }  # fmt: skip
    elif sobject.name == "CampaignMember":
        implied = {"HasResponded": row.get("Status") in picklists.RESPONDED}
    elif sobject.name == "Task":
        implied = {"IsClosed": row.get("Status") == "Completed"}
    elif sobject.name == "User":
        implied = {"IsActive": True, "UserType": "Standard"}
    return {k: v for k, v in implied.items() if k in sobject.fields} | {
        k: v for k, v in row.items() if v is not None or k not in implied
    }
