"""Writes records into a spool, with their history, their associations and the marks of what was merged.

Belongs here: what goes with a record. When records are read is `records`, their shapes are `rows`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa

from pipelines.clients import errors
from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.sources.arrow import ARROW_TYPES, moment_of
from pipelines.sources.fetched import Mode
from pipelines.sources.hubspot import rows
from pipelines.sources.hubspot.pairs import Ends
from pipelines.sources.hubspot.shape import Shape
from pipelines.sources.hubspot.sheet import Sheet
from pipelines.sources.reading import bad_of
from pipelines.sources.schema import RawTable
from pipelines.sources.spool import Spool

Found = rows.Records | Sheet


class TooLarge(Exception):
    """Numbers that columns of decimals do not hold: `names` are to be doubles, and all is read again."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = frozenset(names)
        super().__init__(", ".join(sorted(self.names)))


@dataclass
class Landing:
    """One object type. `known_gone`: ids that are marked already, and how."""

    client: HubSpotClient
    shape: Shape
    history: RawTable | None
    associations: RawTable | None
    known_gone: Mapping[str, str]
    ends: Ends = field(default_factory=Ends)
    """The object types whose associations with this one are read from its side."""
    written: dict[str, int | None] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    """Object types whose associations with this one HubSpot does not show, and its words."""
    merged: set[str] = field(default_factory=set)
    """Ids that a fetch found to be merged into others."""

    @property
    def type(self) -> str:
        return self.shape.table.api_name

    def records(self, spool: Spool, found: Found, upper: datetime, *, is_first: bool) -> None:
        """Records with the history that came with them; their associations replace what was there."""
        if not found:
            return
        bad, table = bad_of(spool), self.shape.table
        mode: Mode = "replace" if is_first else "keep" if self.shape.has_removed else "merge"
        read = found.records(table, bad)
        if bad.too_large:
            raise TooLarge(bad.too_large)
        spool.write(table.name, mode, read)
        self.past(spool, found, "replace" if is_first else "merge")
        if is_first:
            self.listed_links(spool, found.living, found.shown, "append")
        else:
            self.links(spool, found.living, "merge")
            self.scope(spool, found.ids)
        # Of a first load too: who was merged away while it ran may have been read before.
        marks = {
            key: (at, "merged")
            for told, merged in found.merges()
            if (at := moment_of(told) or upper) >= upper or not is_first
            for key in merged
            if self.known_gone.get(key) != "merged"
        }
        self.merged |= marks.keys()
        self.marks(spool, marks)
        spool.bad = dict(bad.found)

    def past(self, spool: Spool, found: Found, mode: Mode = "merge") -> None:
        """The history that came with records."""
        if self.history is not None:
            spool.write(self.history.name, mode, found.history(self.history, bad_of(spool)))

    def links(self, spool: Spool, ids: Sequence[str], mode: Mode) -> None:
        """The associations of these records, of every pair that is known."""
        for to_type in self._shown(self.ends.known):
            self._pair(spool, to_type, ids, mode)

    def listed_links(
        self, spool: Spool, ids: Sequence[str], shown: Mapping[str, Sequence[str]], mode: Mode
    ) -> None:
        """Those of listed records. `shown`: by object type the records whose list shows an association."""
        for to_type in self._shown(self.ends.asked):
            self._pair(spool, to_type, ids, mode)
        for to_type in self._shown(self.ends.listed):
            self._pair(spool, to_type, shown.get(to_type, ()), mode)

    def _pair(self, spool: Spool, to_type: str, ids: Sequence[str], mode: Mode) -> None:
        """A pair that HubSpot does not show keeps what was read of it."""
        if self.associations is None or not ids:
            return
        try:
            pairs = list(self.client.associations(self.type, to_type, ids))
        except (errors.NotFound, errors.Forbidden, errors.Rejected) as error:
            said = f"associations of HubSpot's {self.type} with {to_type} cannot be read: {error}"
            self.refused[to_type] = spool.refused[to_type] = said
            return
        found = rows.associations(self.associations, self.type, to_type, pairs, bad_of(spool))
        spool.write(self.associations.name, mode, found)

    def _shown(self, ends: Sequence[str]) -> list[str]:
        return [each for each in ends if each not in self.refused]

    def scope(self, spool: Spool, ids: Sequence[str] | None) -> None:
        """Say which associations are read anew: of these records, or (None) of all of this type."""
        if self.associations is None:
            return
        anew: Sequence[str | None] = [None] if ids is None else ids
        ends = self._shown(self.ends.all if ids is None else self.ends.known)
        pairs = [(to_type, each) for to_type in ends for each in anew]
        columns = {
            "from_type": [self.type] * len(pairs),
            "to_type": [to_type for to_type, _ in pairs],
            "from_id": [each for _, each in pairs],
        }
        arrays = {name: pa.array(values, pa.string()) for name, values in columns.items()}
        spool.write(self.associations.name, "scope", pa.table(arrays))

    def marks(self, spool: Spool, gone: Mapping[str, tuple[datetime, str]]) -> None:
        """Rows to mark as deleted: id to when and how."""
        columns = {
            "id": pa.array(list(gone), pa.string()),
            "deleted_at": pa.array([at for at, _ in gone.values()], ARROW_TYPES["timestamp"]),
            "deleted_how": pa.array([how for _, how in gone.values()], pa.string()),
        }
        spool.write(self.shape.table.name, "mark", pa.table(columns))
