"""A world from a folder of data files and a mapping: raw, defects counted, nothing left out unsaid."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from sandbox.store import Store
from sandbox.worlds import files_hubspot, files_salesforce, mapping, portal, tables
from sandbox.worlds.mapping import Mapping
from sandbox.worlds.progress import Progress
from sandbox.worlds.reading import Findings
from sandbox.worlds.tables import MappingError, Table


def digest(folder: Path) -> str:
    """Tells one folder's contents, and the mapping used for them, from another's."""
    own = mapping.find(folder)
    return tables.digest(folder) + tables.digest_of(own)


def create(
    home: Path, hubspot: Store, salesforce: Store, folder: Path, seed: int, progress: Progress
) -> tuple[int, dict[str, Any]]:
    """Fill both stores from the folder; the world's time, and what its description says beside."""
    path = mapping.find(folder)
    found, data = mapping.load(path), tables.read(folder)
    _check_tables(path, found, data)
    progress(f"loading {folder.name}: {sum(len(t.rows) for t in data.values())} rows of {len(data)} tables")
    findings = Findings()
    files_salesforce.create(home, salesforce, seed, found, data, findings)
    portal.prepare(hubspot, seed, found.loaded, currency=found.hubspot.get("currency", "USD"))
    files_hubspot.create(hubspot, found, data, findings)
    counts = dict(sorted(findings.counts.items()))
    told = {
        "mapping": path.name,
        "left out": _left_out(found, data),
        "findings": counts,
    }
    for what, count in counts.items():
        progress(f"{what}: {count}")
    return found.now, told


def _check_tables(path: Path, found: Mapping, data: dict[str, Table]) -> None:
    for feed in (*found.salesforce_feeds, *found.hubspot_feeds):
        table = data.get(feed.table)
        if table is None:
            raise MappingError(f"{path} reads {feed.table}, which the folder does not have.")
        for name, source in feed.fields.items():
            for column in (source.column, source.otherwise):
                if column and column not in table.columns:
                    raise MappingError(
                        f"{path}: {feed.to}.{name} reads {column}, which {feed.table} does not have."
                    )


def _left_out(found: Mapping, data: dict[str, Table]) -> list[dict[str, Any]]:
    """Tables no feed reads, with the mapping's reason."""
    used = {feed.table for feed in (*found.salesforce_feeds, *found.hubspot_feeds)}

    wanted: dict[str, str] = found.left_out

    def why(name: str) -> str:
        reasons = (reason for pattern, reason in wanted.items() if fnmatch(name, pattern))
        return next(reasons, "the mapping does not use it")

    return [
        {"table": name, "rows": len(table.rows), "why": why(name)}
        for name, table in sorted(data.items())
        if name not in used
    ]
