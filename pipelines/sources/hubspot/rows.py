"""HubSpot's JSON to rows of the catalog's tables.

Belongs here: shapes. Which records to read, and when, is `records` and `small`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from pipelines.sources.arrow import BadValues, column, columns_of, schema_for
from pipelines.sources.columns import Columns
from pipelines.sources.hubspot.catalog import CAMPAIGN_PROPERTIES, RECORD_COLUMNS
from pipelines.sources.schema import RawTable

Json = Mapping[str, Any]
MERGED = "hs_merged_object_ids"
LISTED_REVISIONS = 20
"""A list shows so many revisions of a property; a record that has as many is read again by itself."""


@dataclass(frozen=True)
class Records:
    """Records as HubSpot's JSON has them, read for the tables that they fill."""

    found: Sequence[Json]

    def __len__(self) -> int:
        return len(self.found)

    @property
    def ids(self) -> list[str]:
        return [str(each["id"]) for each in self.found]

    @cached_property
    def living(self) -> list[str]:
        """The ids of those that are not in the recycle bin."""
        return [str(each["id"]) for each in self.found if not each.get("archived")]

    @property
    def shown(self) -> Mapping[str, Sequence[str]]:
        """By object type the living whose list shows an association with it."""
        return by_linked_type(each for each in self.found if not each.get("archived"))

    def records(self, table: RawTable, bad: BadValues) -> pa.Table:
        """Contacts, companies, deals."""
        return records(table, self.found, bad)

    def history(self, table: RawTable, bad: BadValues) -> pa.Table:
        """A row for each change of a property that came with them."""
        return history(table, self.found, bad)

    def merges(self) -> Iterable[tuple[Any, list[str]]]:
        """Of each record that others were merged into: when it was updated last, and their ids."""
        return [(each.get("updatedAt"), ids) for each in self.found if (ids := merged_into(each))]


def merged_into(record: Json) -> list[str]:
    """The ids of the records that were merged into this one."""
    listed = str((record.get("properties") or {}).get(MERGED) or "").split(";")
    return [each.strip() for each in listed if each.strip() and each.strip() != str(record["id"])]


def linked_types(record: Json) -> set[str]:
    """The object types that a listed record is associated with. HubSpot writes some with a blank."""
    shown = (record.get("associations") or {}).items()
    return {str(name).replace(" ", "_") for name, each in shown if each.get("results")}


def by_linked_type(found: Iterable[Json]) -> dict[str, list[str]]:
    """The ids of listed records by the types they are associated with."""
    shown: dict[str, list[str]] = {}
    for each in found:
        for to_type in linked_types(each):
            shown.setdefault(to_type, []).append(str(each["id"]))
    return shown


def property_names(table: RawTable) -> list[str]:
    """The HubSpot properties among a record table's columns."""
    return [name for name in table.columns if name not in RECORD_COLUMNS]


def records(table: RawTable, found: Sequence[Json], bad: BadValues) -> pa.Table:
    """Contacts, companies, deals."""
    archived = [bool(each.get("archived")) for each in found]
    values: dict[str, Sequence[Any]] = {
        "id": [each["id"] for each in found],
        "created_at": [each.get("createdAt") for each in found],
        "updated_at": [each.get("updatedAt") for each in found],
        "archived": archived,
        "deleted_at": [
            each.get("archivedAt") if gone else None for each, gone in zip(found, archived, strict=True)
        ],
        "deleted_how": ["archived" if gone else None for gone in archived],
    }
    types = table.columns
    properties = {name: types[name] for name in property_names(table)}
    arrays = columns_of([each.get("properties") or {} for each in found], properties, bad)
    arrays |= {name: column(each, types[name], name, bad) for name, each in values.items()}
    return pa.Table.from_arrays([arrays[name] for name in types], schema=schema_for(types))


def history(table: RawTable, found: Sequence[Json], bad: BadValues) -> pa.Table:
    """A row for each change of a property; of two in the same instant HubSpot's first, the newer, stays."""
    rows: dict[tuple[str, str, str], Json] = {}
    for record in found:
        for name, changes in (record.get("propertiesWithHistory") or {}).items():
            for change in changes or ():
                key = (str(record["id"]), name, str(change.get("timestamp")))
                rows.setdefault(key, change)
    values: dict[str, Sequence[Any]] = {
        "id": [key[0] for key in rows],
        "property": [key[1] for key in rows],
        "changed_at": [key[2] for key in rows],
        "value": [change.get("value") for change in rows.values()],
        "source_type": [change.get("sourceType") for change in rows.values()],
        "source_id": [change.get("sourceId") for change in rows.values()],
    }
    return Columns(table, values).to_arrow(bad)


def associations(
    table: RawTable, from_type: str, to_type: str, found: Iterable[Json], bad: BadValues
) -> pa.Table:
    """A row for each type of each association."""
    rows = [
        (
            str(each["from"]["id"]),
            str(to["toObjectId"]),
            kind.get("typeId"),
            kind.get("category"),
            kind.get("label"),
        )
        for each in found
        for to in each.get("to") or []
        for kind in to.get("associationTypes") or []
    ]
    from_ids, to_ids, type_ids, categories, labels = zip(*rows, strict=True) if rows else ((),) * 5
    values: dict[str, Sequence[Any]] = {
        "from_type": [from_type] * len(rows), "from_id": from_ids, "to_type": [to_type] * len(rows),
        "to_id": to_ids, "type_id": type_ids, "category": categories, "label": labels,
    }  # fmt: skip
    return Columns(table, values).to_arrow(bad)


def owners(table: RawTable, found: Sequence[Json]) -> Columns:
    """Owners with the teams they are in, the one they belong to first of all by itself."""
    found = [{**each, **_teams(each.get("teams") or [])} for each in found]
    names = {
        "id": "id", "email": "email", "first_name": "firstName", "last_name": "lastName", "user_id": "userId",
        "archived": "archived", "created_at": "createdAt", "updated_at": "updatedAt",
        "team_ids": "team_ids", "primary_team_id": "primary_team_id",
    }  # fmt: skip
    return _renamed(table, found, names)


def _teams(teams: Sequence[Json]) -> dict[str, Any]:
    primary = next((str(each["id"]) for each in teams if each.get("primary")), None)
    return {"team_ids": [str(each["id"]) for each in teams], "primary_team_id": primary}


def pipelines(table: RawTable, found: Mapping[str, Sequence[Json]]) -> Columns:
    """Pipelines of several object types."""
    flat = [{**each, "object_type": name} for name, some in found.items() for each in some]
    names = {
        "object_type": "object_type", "id": "id", "label": "label", "display_order": "displayOrder",
        "archived": "archived",
    }  # fmt: skip
    return _renamed(table, flat, names)


def stages(table: RawTable, found: Mapping[str, Sequence[Json]]) -> Columns:
    """Stages of all pipelines; closed and probability are in HubSpot's metadata, as text."""
    flat = [
        {
            **stage, "object_type": name, "pipeline_id": pipeline["id"],
            "is_closed": (stage.get("metadata") or {}).get("isClosed"),
            "probability": (stage.get("metadata") or {}).get("probability"),
        }
        for name, some in found.items()
        for pipeline in some
        for stage in pipeline.get("stages") or []
    ]  # fmt: skip
    names = {
        "object_type": "object_type", "pipeline_id": "pipeline_id", "id": "id", "label": "label",
        "display_order": "displayOrder", "is_closed": "is_closed", "probability": "probability",
        "archived": "archived",
    }  # fmt: skip
    return _renamed(table, flat, names)


def properties(table: RawTable, found: Mapping[str, Sequence[Json]]) -> Columns:
    """Property definitions of several object types."""
    flat = [
        {
            **each, "object_type": object_type,
            "readOnlyValue": (each.get("modificationMetadata") or {}).get("readOnlyValue"),
        }
        for object_type, definitions in found.items()
        for each in definitions
    ]  # fmt: skip
    names = {
        "object_type": "object_type", "name": "name", "label": "label", "type": "type",
        "field_type": "fieldType",
        "group_name": "groupName", "calculated": "calculated", "read_only_value": "readOnlyValue",
        "has_unique_value": "hasUniqueValue", "options": "options", "archived": "archived",
    }  # fmt: skip
    return _renamed(table, flat, names)


def campaigns(table: RawTable, found: Sequence[Json]) -> Columns:
    flat = [{**(each.get("properties") or {}), **each} for each in found]
    names = {"id": "id", "created_at": "createdAt", "updated_at": "updatedAt"} | CAMPAIGN_PROPERTIES
    return _renamed(table, flat, names)


def _renamed(table: RawTable, found: Sequence[Json], names: Mapping[str, str], **constant: str) -> Columns:
    values: dict[str, Sequence[Any]] = {
        ours: [each.get(theirs) for each in found] for ours, theirs in names.items()
    }
    for name, value in constant.items():
        values[name] = [value] * len(found)
    return Columns(table, values)
