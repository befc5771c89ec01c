"""Which fields of a CRM the mappings keep in step, by object: what an extract keeps the history of.

Belongs here: that list, from the files alone. Whether a CRM has such a field is asked by the check.
"""

from __future__ import annotations

from pathlib import Path

from pipelines.rules.fields import load_fields
from pipelines.rules.mappings.load import load_mappings
from pipelines.rules.mappings.model import VENDORS, Side, read_besides
from pipelines.rules.syncs import Vendor, load_syncs


def mapped_properties(config_dir: Path, vendor: Vendor) -> dict[str, tuple[str, ...]]:
    """Every name that a line may mean there, in lower case; no fields that this project computes."""
    mappings = load_mappings(config_dir)
    if not mappings:
        return {}
    fields = load_fields(config_dir)
    ours = {
        (sync.object.lower(), name.lower())
        for sync in load_syncs(config_dir).syncs.values()
        for name, rule in sync.modelled.items()
        if sync.vendor == vendor and not rule.unless_mapped
    }
    side: Side = "left" if vendor == VENDORS["left"] else "right"
    found: dict[str, dict[str, None]] = {}
    for mapping in mappings:
        for each in mapping.lines:
            beside = [name for end, name in read_besides(each) if end == side]
            named = [each.field_of(side), *beside]
            for pair in mapping.pairs:
                of_object = pair[0] if side == "left" else pair[1]
                for name in [*named, *(fields.stands_for(vendor, name) for name in named)]:
                    if (of_object.lower(), name.lower()) not in ours:
                        found.setdefault(of_object, {})[name.lower()] = None
    return {of_object: tuple(names) for of_object, names in found.items()}
