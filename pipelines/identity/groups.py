"""Records in groups, oldest first, and by what each record came into its group.

Belongs here: what people and companies have in common. The life of a person's id is in `people`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.identity.components import Codes, Graph, link

FOUNDER = "founder"
_NEVER = np.iinfo(np.int64).max


def short_hash(text: str) -> str:
    """The first 16 hex digits of sha256, as the macro of the same name in the dbt project."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Groups:
    """`codes`, `keys`, `created` (microseconds, or the greatest number when unknown) are in order of age."""

    graph: Graph
    codes: Codes
    keys: list[str]
    created: Codes
    group: Codes

    def by_group(self) -> dict[int, list[int]]:
        """Places of records, oldest first, by group."""
        found: dict[int, list[int]] = {}
        for place, group in enumerate(self.group.tolist()):
            found.setdefault(group, []).append(place)
        return found


def group(records: pa.Table, keys: pa.Table) -> Groups:
    """Group records (`record_key`, `created_at`) that share a key (`record_key`, `kind`, `value`)."""
    graph = link(records.column("record_key"), keys.column("record_key"), keys.column("value"))
    codes = graph.codes(records.column("record_key"))
    created = microseconds(records.column("created_at"))
    age = np.lexsort((codes, created))
    codes = codes[age]
    names: list[str] = graph.names.take(pa.array(codes)).to_pylist()
    return Groups(graph, codes, names, created[age], graph.component[codes])


def microseconds(column: pa.ChunkedArray) -> Codes:
    """Instants as whole microseconds; unknown ones come after all others."""
    whole = column.cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
    return np.asarray(pc.fill_null(whole, _NEVER).to_numpy(), dtype=np.int64)


def instant(microsecond: int, otherwise: datetime) -> int:
    """An instant in microseconds, `otherwise` when it is unknown."""
    return int(otherwise.timestamp() * 1_000_000) if microsecond == _NEVER else microsecond


def matched_by(groups: Groups, keys: pa.Table, strength: tuple[str, ...]) -> list[str]:
    """The strongest kind of key that ties each record to another of its group; FOUNDER for the oldest.

    `strength` names the kinds, strongest first.
    """
    kinds = keys.column("kind").to_pylist()
    owners = groups.graph.codes(keys.column("record_key")).tolist()
    values = groups.graph.codes(keys.column("value")).tolist()
    uses = np.bincount(np.array(values, dtype=np.int64), minlength=len(groups.graph.names))
    is_record = np.zeros(len(groups.graph.names), dtype=bool)
    is_record[groups.codes] = True
    rank = {kind: place for place, kind in enumerate(strength)}
    best: dict[int, int] = {}
    for kind, owner, value in zip(kinds, owners, values, strict=True):
        place = rank[kind]
        if is_record[value]:
            best[value] = min(best.get(value, place), place)
        if is_record[value] or uses[value] > 1 or kind == "merge":
            best[owner] = min(best.get(owner, place), place)
    oldest: set[int] = set()
    found: list[str] = []
    for code, member_of in zip(groups.codes.tolist(), groups.group.tolist(), strict=True):
        if member_of not in oldest:
            oldest.add(member_of)
            found.append(FOUNDER)
        else:
            found.append(strength[best[code]] if code in best else FOUNDER)
    return found
