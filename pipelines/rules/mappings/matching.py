"""Pairs of custom objects: which two objects a mapping means, and the field of each by which records pair.

Belongs here: what the file and `custom_objects.yml` say of such a pair. People, companies and deals are
paired by identity and not by this.
"""

from __future__ import annotations

from pathlib import Path

from pipelines.errors import ConfigError
from pipelines.rules.loader import Document
from pipelines.rules.mappings.model import ENTITIES, Matched, Side
from pipelines.rules.mappings.yaml_file import MappingFile
from pipelines.rules.schema import names
from pipelines.rules.schema.load import Model, load_model
from pipelines.rules.schema.renames import ObjectRename, object_renames

Pair = tuple[str, str]


def matched_pair(parsed: MappingFile, source: Side, named: Pair, document: Document) -> tuple[Pair, Matched]:
    """(HubSpot's object, Salesforce's) and how they are paired. Raises ConfigError for what is no pair."""
    where = f"{document.path.name} line {document.line_of('source_object')}"
    left, right = named
    if parsed.create != "nothing":
        raise ConfigError(
            f"a mapping creates no {left}", where=f"{document.path.name} line {document.line_of('create')}",
            remedy="say records: in custom_objects.yml; it creates them with their lookups",
        )  # fmt: skip
    model = load_model(_config_dir(document.path))
    key = _described(model, left, right)
    earlier = _renamed(model, left, right) if key is None else None
    if earlier is not None and parsed.match is None:
        # Until it is switched to the new object, the mapping keeps the earlier ones in step.
        hubspot_end, salesforce_end = earlier
        return (hubspot_end.old, salesforce_end.old), Matched(
            hubspot_end.old, hubspot_end.old_key, salesforce_end.old_key
        )
    if key is not None:
        each = model.objects[key]
        left = names.object_name("hubspot", key, each) or left
        right = names.object_name("salesforce", key, each) or right
        if each.records is not None and each.records.changes:
            raise ConfigError(
                f"{key} has two providers: this mapping and {model.where('objects', key, 'records')}",
                where=where, remedy="say changes: false there: then records are made by it and kept by this",
            )  # fmt: skip
    if parsed.match is not None:
        ends = (parsed.match.source, parsed.match.destination)
        fields = ends if source == "left" else ends[::-1]
        return (left, right), Matched(key or left, *fields)
    by = None if key is None else _key_fields(model, key)
    if key is None or by is None:
        known = ", ".join(f"{a} and {b}" for a, b in ENTITIES)
        raise ConfigError(
            f"{left} and {right} are no pair", where=where,
            remedy=f"pairs are {known}, and objects of custom_objects.yml that have a key at both CRMs; say "
            "match: {source, destination} to pair others by a field",
        )  # fmt: skip
    return (left, right), Matched(key, *by)


def _config_dir(mapping: Path) -> Path:
    return mapping.parent.parent


def _described(model: Model, left: str, right: str) -> str | None:
    """The model's name of two objects that are one to it."""
    wanted = (left.lower().removeprefix("p_"), right.lower())
    for key, each in model.objects.items():
        called = (names.object_name("hubspot", key, each), names.object_name("salesforce", key, each))
        if each.is_custom and tuple((name or "").lower() for name in called) == wanted:
            return key
    return None


def _renamed(model: Model, left: str, right: str) -> tuple[ObjectRename, ObjectRename] | None:
    """Both ends of a rename whose earlier objects these are."""
    wanted = (left.lower().removeprefix("p_"), right.lower())
    listed = object_renames(model)
    ends = {each.model: each for each in listed if each.vendor == "salesforce"}
    for one in listed:
        other = ends.get(one.model)
        if one.vendor == "hubspot" and other is not None and (one.old, other.old.lower()) == wanted:
            return one, other
    return None


def _key_fields(model: Model, key: str) -> Pair | None:
    each = model.objects[key]
    if each.key is None:
        return None
    field = each.fields[each.key]
    hubspot, salesforce = (
        names.field_name("hubspot", each.key, field),
        names.field_name("salesforce", each.key, field),
    )
    return None if hubspot is None or salesforce is None else (hubspot, salesforce)
