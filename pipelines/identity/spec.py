"""What a matching model compares: fields, the levels of agreement of each, and the blocks that propose pairs.

Belongs here: the vocabulary, as plain data. The specifications of people and companies are in `specs`; how a
model is trained and applied is in `training` and `scoring`. SQL conditions speak of `field_l` and `field_r`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Level:
    """One degree of agreement. `tf` names the field whose rarity adds to (or takes from) its weight."""

    label: str
    condition: str
    tf: str | None = None


@dataclass(frozen=True)
class Comparison:
    """`levels` run from full agreement downwards; what none of them holds for disagrees."""

    name: str
    missing: str
    levels: tuple[Level, ...]


@dataclass(frozen=True)
class Block:
    """Records that share the value of `sql` (over the features) are compared, unless too many share it."""

    name: str
    sql: str


@dataclass(frozen=True)
class Spec:
    """`fields` are the columns of a features table beside `record_key`.

    `training` names, for each training session, the fields that its pairs agree on. `certain` are conditions
    under which two records are almost surely one, from which the share of matches is estimated.
    """

    entity: str
    fields: tuple[str, ...]
    comparisons: tuple[Comparison, ...]
    blocks: tuple[Block, ...]
    training: tuple[tuple[str, ...], ...]
    certain: tuple[tuple[str, ...], ...]
    recall: float = 0.7

    @property
    def tf_fields(self) -> tuple[str, ...]:
        found = (level.tf for comparison in self.comparisons for level in comparison.levels)
        return tuple(dict.fromkeys(name for name in found if name))

    @property
    def version(self) -> str:
        """A model fits the specification it was trained for, and no other."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:12]


def same(field: str) -> str:
    return f"{field}_l = {field}_r"


def similar(field: str, at_least: float) -> str:
    """Jaro-Winkler similarity, which forgives a slip of the keyboard late in a word."""
    return f"jaro_winkler_similarity({field}_l, {field}_r) >= {at_least}"


def either_missing(*fields: str) -> str:
    return " or ".join(f"{field}_l is null or {field}_r is null" for field in fields)


def splink_comparison(comparison: Comparison) -> dict[str, Any]:
    """The comparison as Splink's settings have it."""
    levels: list[dict[str, Any]] = [
        {"sql_condition": comparison.missing, "label_for_charts": "missing", "is_null_level": True}
    ]
    for level in comparison.levels:
        entry: dict[str, Any] = {"sql_condition": level.condition, "label_for_charts": level.label}
        if level.tf:
            entry |= {"tf_adjustment_column": level.tf, "tf_adjustment_weight": 1.0}
        levels.append(entry)
    levels.append({"sql_condition": "ELSE", "label_for_charts": "different"})
    return {"output_column_name": comparison.name, "comparison_levels": levels}
