"""Many records of a portal at once: ids, what every record has, associations; one insert at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from sandbox.hubspot import associations, catalog
from sandbox.times import iso
from sandbox.worlds.hubspot_side import HubSpot, Props


@dataclass
class Rows:
    """Records waiting to be stored."""

    side: HubSpot
    waiting: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    links: list[associations.Row] = field(default_factory=list)

    def add(self, plural: str, props: Props, created: int, modified: int) -> int:
        """A record; empty values are left out. The new id."""
        kind, record_id = catalog.TYPES[plural], self.side.new_id(plural)
        now = self.side.business.now
        created, modified = min(created, now), min(max(created, modified), now)
        shown = {name: value for name, value in props.items() if value}
        shown |= {
            "hs_object_id": str(record_id), kind.created: iso(created), kind.modified: iso(modified),
        }  # fmt: skip
        self.waiting.setdefault(plural, []).append(
            (record_id, created, modified, 0, None, orjson.dumps(shown))
        )
        return record_id

    def link(self, plural: str, record_id: int, to: str, to_id: int | None, *, primary: bool = False) -> None:
        """An association, when there is something to associate with."""
        if to_id is not None:
            self.links += associations.rows_for(plural, record_id, to, to_id, primary=primary)

    def store(self) -> None:
        """Insert everything that waits."""
        db = self.side.store.db
        for plural, rows in self.waiting.items():
            db.executemany(
                f'insert into "{plural}" (id, created, modified, archived, archived_at, props) '
                "values (?, ?, ?, ?, ?, ?)",
                rows,
            )
        associations.insert(self.side.store, self.links)
        self.waiting, self.links = {}, []
