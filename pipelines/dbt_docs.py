"""dbt's own documentation of the warehouse, as one file that needs nothing else, and what is made of what.

Belongs here: asking dbt for it. The pages of the CRMs' objects are `pipelines.schema.pages`.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from pipelines import transform
from pipelines.errors import CrmError
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse, close_dbt_connections


def write(settings: Settings, target: Path) -> None:
    """Write dbt's documentation to `target`; of a warehouse that is not there yet without its columns' types.

    The warehouse is copied first: dbt opens the file it is given for writing.
    """
    folder = settings.paths.dbt_target / "docs"
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / "warehouse.duckdb"
    paths = Warehouse(settings.paths).paths
    has_rows = paths.warehouse.exists()
    if has_rows:
        shutil.copyfile(paths.warehouse, copy)
    arguments = ["docs", "generate", "--static", *([] if has_rows else ["--empty-catalog"])]
    try:
        done = transform.invoke(arguments, settings, work_file=copy, manifest=None, write_json=True)
    finally:
        close_dbt_connections()
        for left in (copy, copy.with_suffix(".duckdb.wal")):
            left.unlink(missing_ok=True)
    page = settings.paths.dbt_target / "static_index.html"
    if not page.is_file():
        raise CrmError(
            f"dbt wrote no documentation: {done.exception or 'without a reason'}", where="dbt_project",
            remedy="run make build first",
        )  # fmt: skip
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(page, target)


def marts_of_raw_tables(settings: Settings) -> dict[tuple[str, str], tuple[str, ...]]:
    """(schema, raw table) to the marts that are made of it, nearest first."""
    manifest = transform.load_manifest(settings)
    children: dict[str, list[str]] = {}
    for node in manifest.nodes.values():
        for parent in getattr(getattr(node, "depends_on", None), "nodes", ()) or ():
            children.setdefault(parent, []).append(node.unique_id)
    found = {}
    for source in manifest.sources.values():
        found[str(source.schema), str(source.identifier)] = _marts_below(manifest, children, source.unique_id)
    return found


def _marts_below(manifest: Any, children: dict[str, list[str]], start: str) -> tuple[str, ...]:
    marts: list[str] = []
    seen, wave = {start}, [start]
    while wave:
        following = [c for each in wave for c in children.get(each, ()) if c not in seen]
        seen |= set(following)
        wave = list(dict.fromkeys(following))
        for each in wave:
            node = manifest.nodes[each]
            if node.resource_type == "model" and str(node.schema) == "marts":
                marts.append(str(node.name))
    return tuple(marts)
