"""A home for the sandbox: made once, recognised ever after.

`world.json` is written last and by rename, so a home whose making was cut short has none and is made again.
One process makes it; another that wants it meanwhile waits.
"""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from sandbox import locks, times
from sandbox.clock import Clock
from sandbox.store import Store
from sandbox.worlds import bulk, bulk_marketing, default, files, loading
from sandbox.worlds.loading import filled
from sandbox.worlds.progress import Progress
from sandbox.worlds.tables import MappingError

VERSION = 1


class WorldError(Exception):
    """A world that cannot be made or opened; one sentence for people."""


@dataclass(frozen=True)
class Wish:
    """Which world is asked for: `default` with a size and a seed, `bulk:...` for measuring, or a folder."""

    world: str
    size: str = "S"
    seed: int = 7

    @property
    def bulk(self) -> bulk.Size | None:
        return bulk.size_of(self.world)

    @property
    def folder(self) -> Path | None:
        if self.world == "default" or self.bulk is not None:
            return None
        return Path(self.world).expanduser().resolve()

    @property
    def has_marketing_cloud(self) -> bool:
        """Data files are of CRMs; the other worlds have an account beside them."""
        return self.folder is None and (self.bulk is None or self.bulk.events > 0)

    @property
    def label(self) -> str:
        return self.world if self.folder is None else self.folder.name

    def identity(self) -> dict[str, Any]:
        """What tells two worlds apart."""
        if self.bulk is not None:
            return {"world": self.world, "seed": self.seed}
        if self.folder is None:
            return {"world": "default", "size": self.size, "seed": self.seed}
        return {"world": self.label, "seed": self.seed, "digest": files.digest(self.folder)}


def open_home(home: Path, wish: Wish, progress: Progress) -> dict[str, Any]:
    """The description of the world in `home`, made now if there is none. Raises WorldError."""
    _check(wish)
    try:
        identity = wish.identity()
        description = home / "world.json"
        if not description.exists():
            with _alone(home, description, progress) as partial:
                if partial is not None:
                    return _make(partial, home, wish, identity, progress)
    except MappingError as problem:
        raise WorldError(str(problem)) from None
    found: dict[str, Any] = orjson.loads(description.read_bytes())
    if found.get("version") != VERSION or found.get("identity") != identity:
        raise WorldError(
            f"{home} holds another world ({_told(found.get('identity', {}))}, not {_told(identity)}); "
            "give another --home or delete that folder."
        )
    return found


def _check(wish: Wish) -> None:
    try:
        folder = wish.folder
    except ValueError as problem:
        raise WorldError(str(problem)) from None
    if folder is not None and not folder.is_dir():
        raise WorldError(f"There is no folder {folder} to read a world from.")


def _told(identity: dict[str, Any]) -> str:
    if identity.get("world") == "default":
        return f"default, size {identity['size']}, seed {identity['seed']}"
    if "digest" not in identity:
        return f"{identity.get('world')}, seed {identity.get('seed')}"
    return f"{identity.get('world')} with contents {str(identity.get('digest', ''))[:8]}"


@contextmanager
def _alone(home: Path, description: Path, progress: Progress) -> Iterator[Path | None]:
    """The empty folder beside `home` to make its world in; None when another process has just made it."""
    partial = home.with_name(home.name + ".making")
    while not description.exists():
        holds_something = home.exists() and any(home.iterdir())
        if holds_something and not description.exists():  # it may have been moved into place meanwhile
            raise WorldError(f"{home} is not empty and holds no world; give another --home.")
        held = locks.folder(partial, lambda: progress(f"{home} is being made by another process; waiting"))
        try:
            if description.exists():
                with suppress(OSError):
                    partial.rmdir()
            elif locks.is_at(partial, held):
                for left in partial.iterdir():
                    shutil.rmtree(left) if left.is_dir() else left.unlink()
                yield partial
                return
        finally:
            os.close(held)
    yield None


def _make(
    partial: Path, home: Path, wish: Wish, identity: dict[str, Any], progress: Progress
) -> dict[str, Any]:
    """Fill the folder beside and move it into place when it is whole."""
    told: dict[str, Any] = {"left out": []}
    # A large world is millions of small objects, none in a cycle: looking for cycles among them finds none.
    collecting = gc.isenabled()
    gc.disable()
    try:
        if wish.folder is not None:
            now, told = _from_files(partial, wish.folder, wish.seed, progress)
        elif wish.bulk is not None:
            now = _by_size(partial, wish.bulk, wish.seed, progress)
        else:
            default.create(partial, wish.size, wish.seed, progress)
            now = default.NOW
    except default.HalfFailed as problem:
        raise WorldError(f"The world could not be made: {problem}.") from None
    finally:
        if collecting:
            gc.enable()
    rows = {}
    for name in ("hubspot", "salesforce", "marketing_cloud")[: 3 if wish.has_marketing_cloud else 2]:
        store = Store(partial / f"{name}.sqlite")
        rows[name] = orjson.loads(store.get_meta(loading.ROWS))
        store.close()
    Clock.create(partial / "clock", now).close()
    description = {"version": VERSION, "identity": identity, "now": times.iso(now), "rows": rows, **told}
    (partial / "world.json").write_bytes(orjson.dumps(description, option=orjson.OPT_INDENT_2))
    if home.exists():
        home.rmdir()
    os.replace(partial, home)
    return description


def _from_files(
    home: Path, folder: Path, seed: int, progress: Progress
) -> tuple[int, dict[str, Any]]:  # fmt: skip
    with (
        filled(home / "hubspot.sqlite") as (hubspot, _),
        filled(home / "salesforce.sqlite") as (salesforce, _),
    ):
        return files.create(home, hubspot, salesforce, folder, seed, progress)


def _by_size(home: Path, size: bulk.Size, seed: int, progress: Progress) -> int:
    with (
        filled(home / "hubspot.sqlite") as (hubspot, _),
        filled(home / "salesforce.sqlite") as (salesforce, _),
    ):
        bulk.create(home, hubspot, salesforce, size, seed, progress)
    if size.events:
        with filled(home / "marketing_cloud.sqlite") as (marketing, _):
            bulk_marketing.create(marketing, size.events, seed, bulk.NOW)
    return bulk.NOW
