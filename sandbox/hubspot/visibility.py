"""Which records a reader sees, and when: search lag, rows that become visible late, the recycle bin's end.

Belongs here: switches of `/_sandbox/portal` and the SQL conditions they stand for. They last as long as the
server, like faults.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox import times
from sandbox.hubspot.catalog import ObjectType

BIN_DAYS = 90
"""How long an archived record can be listed and restored."""


@dataclass
class Visibility:
    """`lag`: milliseconds until search knows of a change. `hidden`: (object, id) to the moment it appears.

    `counts_properties`: the limit on a search body holds for its property list too, not for its filters only.
    """

    now: Callable[[], int]
    lag: int = 0
    counts_properties: bool = False
    hidden: dict[tuple[str, int], int] = field(default_factory=dict)

    def shows(self, plural: str, record_id: int, archived_at: int | None) -> bool:
        """Whether a read of this record finds it."""
        if archived_at is not None and archived_at < self.now() - BIN_DAYS * times.DAY:
            return False
        until = self.hidden.get((plural, record_id)) if self.hidden else None
        return until is None or until <= self.now()

    def listed(self, plural: str, *, archived: bool) -> str:
        """Conditions of a list, to follow others."""
        bin_end = f" and archived_at >= {self.now() - BIN_DAYS * times.DAY}" if archived else ""
        return bin_end + self._not_hidden(plural)

    def searched(self, plural: str) -> str:
        """Conditions of a search, to follow others: what changed within the lag is not in the index yet."""
        lagging = f" and modified <= {self.now() - self.lag}" if self.lag else ""
        return lagging + self._not_hidden(plural)

    def _not_hidden(self, plural: str) -> str:
        now = self.now()
        ids = [str(i) for (kind, i), until in self.hidden.items() if kind == plural and until > now]
        return f" and id not in ({', '.join(ids)})" if ids else ""

    def shown(self) -> dict[str, Any]:
        return {
            "search_lag_ms": self.lag, "count_properties": self.counts_properties,
            "hidden": [
                {"object": kind, "id": i, "until": times.iso(until)}
                for (kind, i), until in self.hidden.items()
            ],
        }  # fmt: skip

    def take(self, wish: Mapping[str, Any], type_of: Callable[[str], ObjectType | None]) -> None:
        """Set what is named. Raises ValueError, KeyError or TypeError for what makes no sense."""
        lag, counts = (
            int(wish.get("search_lag_ms", self.lag)),
            wish.get("count_properties", self.counts_properties),
        )
        hidden = {}
        for each in wish.get("hidden", []):
            kind = type_of(str(each["object"]))
            if kind is None:
                raise ValueError(f"{each['object']} is not an object type")
            hidden[kind.plural, int(each["id"])] = times.parse(each["until"])
        self.lag, self.counts_properties = lag, bool(counts)
        self.hidden |= hidden
