"""Whether a field's values are all in the one that takes its place, and who still speaks of the earlier one.

Belongs here: asking the CRM, record by record, before the earlier field may go. Copying is reverse sync's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.clients.hubspot.types import type_name
from pipelines.rules.mappings import load_mappings
from pipelines.rules.mappings.model import VENDORS
from pipelines.rules.schema.renames import ObjectRename, Rename
from pipelines.rules.syncs import load_syncs
from pipelines.run import Progress, silent
from pipelines.schema.renaming_objects import comparable, keys_of
from pipelines.schema.session import Session

Place = tuple[str, str, str]


@dataclass(frozen=True)
class Verified:
    """Of records with a value in the earlier field: how many, and how many have another in the new one."""

    rename: Rename
    records: int
    differing: int

    @property
    def sentence(self) -> str:
        of = f"{self.rename.vendor} {self.rename.old_name} → {self.rename.new}"
        if not self.differing:
            return f"{of}: all {self.records:,} values are copied"
        return f"{of}: {self.differing:,} of {self.records:,} values are not copied"


def verify(session: Session, rename: Rename, progress: Progress = silent) -> Verified | None:
    """Compare both fields of every record that has the earlier one; None where the CRM has not both."""
    records = differing = 0
    told = f"{rename.vendor} {rename.old_name}"
    ends = _ends(session, rename.through)
    if rename.through is not None and ends is None:
        return None
    rows = _salesforce(session, rename) if rename.vendor == "salesforce" else _hubspot(session, rename)
    if rows is None:
        return None
    for old, new in rows:
        if old in (None, "") or (rename.is_checkbox and comparable(old) == "false"):
            continue
        records += 1
        if ends is None:
            differing += comparable(old) != comparable(new)
        else:
            differing += ends[0].get(str(old), "?") != ends[1].get(str(new or ""), "")
        if records % 1_000 == 0:
            progress(told, records, None)
    progress(told, records, records)
    return Verified(rename, records, differing)


def _ends(session: Session, through: ObjectRename | None) -> tuple[dict[str, str], dict[str, str]] | None:
    """Of a lookup to an object that is renamed itself: the keys of both objects' records, by id."""
    if through is None or session.salesforce is None:
        return None
    client = session.salesforce
    names = {str(each["name"]).lower() for each in client.describe_global()}
    if not {through.old.lower(), through.new.lower()} <= names:
        return None
    return keys_of(client, through, new=False), keys_of(client, through, new=True)


def _salesforce(session: Session, rename: Rename) -> Iterator[tuple[Any, Any]] | None:
    client = session.salesforce
    if client is None:
        return None
    fields = {str(each["name"]).lower(): each for each in client.describe(rename.object).get("fields") or []}
    if not {rename.old.lower(), rename.new.lower()} <= fields.keys():
        return None
    # Salesforce filters by no long text: then all records are read.
    able = fields[rename.old.lower()].get("filterable", True)
    some = f" WHERE {rename.old} != null" if able else ""
    soql = f"SELECT {rename.old}, {rename.new} FROM {rename.object}{some}"
    return (
        (row.get(rename.old), row.get(rename.new))
        for page in client.query_pages(soql)
        for row in page.records
    )


def _hubspot(session: Session, rename: Rename) -> Iterator[tuple[Any, Any]] | None:
    client = session.hubspot
    if client is None:
        return None
    called = type_name(rename.object)
    shown = {str(each["name"]) for each in client.properties(called)}
    if not {rename.old, rename.new} <= shown:
        return None
    params = {"properties": f"{rename.old},{rename.new}"}
    return (
        (properties.get(rename.old), properties.get(rename.new))
        for row in client.pages(client.path("objects", called), 100, params)
        for properties in (row.get("properties") or {},)
    )


def objects_named_by(config_dir: Path) -> dict[tuple[str, str], str]:
    """(vendor, object), in lower case, of every object that a mapping or a sync speaks of: where."""
    found: dict[tuple[str, str], str] = {}
    for name, sync in load_syncs(config_dir).syncs.items():
        found[sync.vendor, sync.object.lower()] = f"the sync {name} of syncs.yml"
    for mapping in load_mappings(config_dir):
        for left, right in mapping.pairs:
            found[VENDORS["left"], left.lower()] = found[VENDORS["right"], right.lower()] = mapping.file
    return found


def named_by(config_dir: Path) -> dict[Place, str]:
    """(vendor, object, field), in lower case, of every field that a mapping or a sync speaks of: where."""
    found: dict[Place, str] = {}
    for name, sync in load_syncs(config_dir).syncs.items():
        for field in sync.fields:
            found[sync.vendor, sync.object.lower(), field.lower()] = f"the sync {name} of syncs.yml"
    for mapping in load_mappings(config_dir):
        for left, right in mapping.pairs:
            for line in mapping.lines:
                found[VENDORS["left"], left.lower(), line.left.lower()] = line.where
                found[VENDORS["right"], right.lower(), line.right.lower()] = line.where
    return found
