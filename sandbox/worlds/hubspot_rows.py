"""Many records of a portal at once: ids, what every record has, associations; one insert at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.worlds.hubspot_links import Links
from sandbox.worlds.hubspot_side import HubSpot, Props, packed


@dataclass
class Rows:
    """Records waiting to be stored."""

    side: HubSpot
    waiting: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    links: Links = field(default_factory=Links)

    def add(self, plural: str, props: Props, created: int, modified: int) -> int:
        """A record; empty values are left out. The new id."""
        record_id, now = self.side.new_id(plural), self.side.business.now
        created, modified = min(created, now), min(max(created, modified), now)
        self.waiting.setdefault(plural, []).append(
            (record_id, created, modified, 0, None, packed(plural, record_id, props, created, modified))
        )
        return record_id

    def link(self, plural: str, record_id: int, to: str, to_id: int | None, *, primary: bool = False) -> None:
        """An association, when there is something to associate with."""
        if to_id is not None:
            self.links.add(plural, record_id, to, to_id, primary=primary)

    def store(self) -> None:
        """Insert everything that waits."""
        db = self.side.store.db
        for plural, rows in self.waiting.items():
            db.executemany(
                f'insert into "{plural}" (id, created, modified, archived, archived_at, props) '
                "values (?, ?, ?, ?, ?, ?)",
                rows,
            )
        self.links.store(self.side.store)
        self.waiting = {}
