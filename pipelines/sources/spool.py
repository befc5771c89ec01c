"""Fetched rows on their way to the warehouse: Parquet files below `var/spool/<vendor>/<object>/`.

A file is written under a temporary name, synced and renamed; then the manifest, written alike, names it. What
the manifest does not name is not there. `first/` holds a first load: a killed one goes on where its manifest
says. `changes/` holds the small tables of one run, is always begun anew, and so is not synced.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.errors import needing_room
from pipelines.settings import Settings
from pipelines.sources.fetched import Mode, Part
from pipelines.sources.screen import Screen

Kind = Literal["first", "changes"]
_MANIFEST = "manifest.json"


@dataclass
class Spool:
    """The parts of one object's window."""

    folder: Path
    identity: str
    upper: datetime
    position: str = ""
    is_complete: bool = False
    is_resumed: bool = False
    screen: Screen | None = None
    """Drops the rows of erased people before they reach the disk."""
    is_kept: bool = True
    """Whether a later run may go on with it: only then need it be on the disk, and not on its way there."""

    def __post_init__(self) -> None:
        self._parts: list[dict[str, Any]] = []
        self._pending: list[dict[str, Any]] = []
        self.bad: dict[str, Sequence[Any]] = {}
        self.refused: dict[str, str] = {}
        """What the vendor did not show while this was read, and its words: a killed run's rows lack it."""

    @classmethod
    def begin(
        cls, folder: Path, identity: Sequence[str], upper: datetime, *, keep: bool,
        screen: Screen | None = None,
    ) -> Spool:  # fmt: skip
        """Open an object's spool: with `keep` where the last run left it, otherwise empty."""
        spool = cls(folder, hashlib.sha256("\n".join(identity).encode()).hexdigest(), upper, screen=screen)
        spool.is_kept = keep
        if keep and spool._resume():
            return spool
        shutil.rmtree(spool.folder, ignore_errors=True)
        return spool

    @staticmethod
    def rows_in(folder: Path, table: str) -> int:
        """How many rows of a table count in a folder, whatever they are about."""
        manifest = _manifest(folder)
        return 0 if manifest is None else sum(p["rows"] for p in manifest["parts"] if p["table"] == table)

    @staticmethod
    def began(folder: Path) -> datetime | None:
        """Up to when what a folder holds is read, where a killed run has left something."""
        manifest = _manifest(folder)
        return None if manifest is None else datetime.fromisoformat(manifest["upper"])

    def _resume(self) -> bool:
        manifest = _manifest(self.folder)
        if manifest is None:
            return False
        parts = manifest["parts"]
        if manifest["identity"] != self.identity or not all(
            (self.folder / p["file"]).exists() for p in parts
        ):
            return False
        self._parts, self.position = parts, manifest["position"]
        self.upper = datetime.fromisoformat(manifest["upper"])
        self.is_complete, self.is_resumed, self.bad = manifest["complete"], True, manifest["bad"]
        self.refused = manifest.get("refused", {})
        return True

    @property
    def has_news(self) -> bool:
        """Whether anything was written that no commit counts yet."""
        return bool(self._pending)

    def start_over(self) -> None:
        """Forget what there is: it cannot be gone on with."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._parts, self._pending, self.bad, self.refused = [], [], {}, {}
        self.position, self.is_complete, self.is_resumed = "", False, False

    def write(self, table: str, mode: Mode, rows: pa.Table | Iterable[pa.Table]) -> None:
        """Add a file, of rows given at once or block by block. It counts from the next `commit` on."""
        number = len(self._parts) + len(self._pending)
        path = self.folder / f"{table}-{mode}-{number:05d}.parquet"
        temporary = path.with_suffix(".tmp")
        blocks = [rows] if isinstance(rows, pa.Table) else rows
        with needing_room(self.folder), _gone_unless_it_counts(temporary):
            count = self._written(temporary, (self._screened(table, block) for block in blocks))
            if count:
                self._sync(temporary)
                os.replace(temporary, path)
        if count:
            self._pending.append({"file": path.name, "table": table, "mode": mode, "rows": count})

    def _screened(self, table: str, rows: pa.Table) -> pa.Table:
        return rows if self.screen is None else self.screen(table, rows)

    def _written(self, path: Path, blocks: Iterator[pa.Table]) -> int:
        """Rows that were written; where there are none there is no file."""
        full = (block for block in blocks if block.num_rows)
        first = next(full, None)
        if first is None:
            return 0
        self.folder.mkdir(parents=True, exist_ok=True)
        count = 0
        with pq.ParquetWriter(path, first.schema, compression="zstd") as writer:
            for block in itertools.chain([first], full):
                writer.write_table(block)
                count += block.num_rows
        return count

    def commit(self, position: str = "", *, complete: bool = False) -> None:
        """Write the manifest: the files so far count, and a killed load goes on from `position`."""
        self._parts += self._pending
        self._pending = []
        self.position, self.is_complete = position, complete
        manifest = {
            "identity": self.identity, "upper": self.upper.isoformat(), "position": position,
            "complete": complete, "bad": self.bad, "refused": self.refused, "parts": self._parts,
        }  # fmt: skip
        temporary = self.folder / f"{_MANIFEST}.tmp"
        with needing_room(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(orjson.dumps(manifest))
            self._sync(temporary)
            os.replace(temporary, self.folder / _MANIFEST)

    def _sync(self, path: Path) -> None:
        if self.is_kept:
            with path.open("rb") as file:
                os.fsync(file.fileno())

    def parts(self, table: str) -> tuple[Part, ...]:
        """The files of a table that count."""
        return tuple(
            Part(self.folder / each["file"], each["mode"], each["rows"])
            for each in self._parts
            if each["table"] == table
        )


@contextmanager
def _gone_unless_it_counts(path: Path) -> Iterator[None]:
    """Half a file takes room that others need."""
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def clear(settings: Settings) -> None:
    """Remove what was fetched whole, for it has been published. A first load that failed halfway stays."""
    for path in list(settings.paths.spool.rglob(_MANIFEST)):
        if orjson.loads(path.read_bytes())["complete"]:
            shutil.rmtree(path.parent)


def _manifest(folder: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = orjson.loads((folder / _MANIFEST).read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return None
    return found
