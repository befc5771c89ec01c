"""What people have changed by hand: at a CRM, against what was applied there.

Belongs here: comparing what was applied with what is. What the model wants by now is a plan's business.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pipelines.schema.items import Beside, Item, Live, Wanted, added_by_hand, added_since, differences
from pipelines.state.schema import Row

How = Literal["changed", "gone", "added"]


@dataclass(frozen=True)
class Drifted:
    """One thing that is not as it was left. `before` is what was applied, `after` what is there."""

    how: How
    vendor: str
    kind: str
    name: str
    changes: dict[str, tuple[Any, Any]]

    @property
    def sentence(self) -> str:
        what = f"{self.vendor} {self.kind} {self.name}"
        if self.how == "gone":
            return f"{what} was deleted by hand"
        if self.how == "added":
            return f"{what} was added by hand and is not in the model"
        names = ", ".join(self.changes)
        return f"{what} was changed by hand: {names}"


@dataclass
class Drift:
    found: list[Drifted] = field(default_factory=list)
    compared: int = 0

    def add(self, other: Drift) -> None:
        self.found += other.found
        self.compared += other.compared


def drift_of(wanted: Wanted, live: Live, made: Sequence[Row], before: Beside | None = None) -> Drift:
    """Each thing that was applied, as it is now; what objects of the model have beside; and what standard
    objects have got since the last apply, of which `before` says what they had then."""
    drift = Drift(compared=len(made))
    known = {item.key for item in wanted.items}
    for kind, name, content in made:
        key = (wanted.vendor, kind, name)
        known.add(key)
        there: Item | None = live.items.get(key)
        if there is None:
            drift.found.append(Drifted("gone", wanted.vendor, kind, name, {}))
        elif there.content != content:
            changes = differences(content, there.content)
            drift.found.append(Drifted("changed", wanted.vendor, kind, name, changes))
    own = {name for kind, name, _ in made if kind == "object"}
    for item in [*added_by_hand(live, known, own), *added_since(live, known, before or {})]:
        drift.found.append(Drifted("added", wanted.vendor, item.kind, item.name, {}))
    return drift
