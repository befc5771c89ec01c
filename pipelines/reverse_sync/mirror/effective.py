"""The syncs as they hold for what is published: those of `syncs.yml`, with the fields a mapping provides.

Belongs here: putting the two together, so that every field of a CRM object has exactly one provider.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb

from pipelines.errors import ConfigError
from pipelines.rules.mappings.load import FOLDER, SUFFIXES, load_mappings
from pipelines.rules.syncs import FieldRule, Sync, Syncs, load_syncs
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse, has_table


def mappings_hash(config_dir: Path) -> str:
    """Of every mapping file; empty when nothing is mapped, also where files are switched off."""
    folder = config_dir / FOLDER
    files = sorted(path for path in folder.glob("*") if path.suffix in SUFFIXES) if folder.is_dir() else []
    if not load_mappings(config_dir):
        return ""
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def was_mirrored(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether an earlier refresh has left mirrored cells."""
    return has_table(connection, "reverse_sync", "mirror_run")


def load_effective(settings: Settings) -> Syncs:
    """The syncs of the configuration and of the published file."""
    if not settings.paths.published.exists():
        return load_syncs(settings.config_dir)
    with Warehouse(settings.paths).reading() as connection:
        return effective(connection, settings.config_dir)


def effective(connection: duckdb.DuckDBPyConnection, config_dir: Path) -> Syncs:
    """The same, from an open connection. Raises ConfigError when mappings changed since the publish."""
    syncs = load_syncs(config_dir)
    published = ""
    if has_table(connection, "reverse_sync", "mirror_run"):
        row = connection.execute("select any_value(mappings_hash) from reverse_sync.mirror_run").fetchone()
        published = str(row[0] or "") if row else ""
    if published != mappings_hash(config_dir):
        raise ConfigError(
            "field_mappings/ is not what the published desired state was made of", where=FOLDER,
            remedy="refresh first: crm transform, crm decide, crm publish",
        )  # fmt: skip
    if not published:
        return syncs
    return _with_mirrored(connection, syncs)


def _with_mirrored(connection: duckdb.DuckDBPyConnection, syncs: Syncs) -> Syncs:
    found = connection.execute(
        "select sync, vendor, object, field, type, owner, policy, value_order, rule "
        "from reverse_sync.mirrored_fields order by sync, position"
    ).fetchall()
    merged = dict(syncs.syncs)
    for name, vendor, object_name, field, kind, owner, policy, order, rule in found:
        provided = FieldRule(
            type=kind, provider="mirrored", owner=owner, policy=policy, order=tuple(order or ()), rule=rule
        )
        sync = merged.get(name)
        if sync is None:
            merged[name] = Sync(vendor=vendor, object=object_name, fields={field: provided})
            continue
        others = {each: r for each, r in sync.fields.items() if each.lower() != field.lower()}
        merged[name] = sync.model_copy(update={"fields": {**others, field: provided}})
    return syncs.model_copy(update={"syncs": merged})
