"""Which world `var/` holds, and changing it without losing the other one.

`var/world.json` names the world whose warehouse, state and sandbox lie in `var/`. Another world's files are
parked in `var/worlds/<name>/` and come back when it is asked for again. A switch that was killed is finished
by the next one: each move is a rename, and `switching.json` says where to.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import UsageError

DEFAULT = "default"
BELONGS_TO_A_WORLD = (
    "warehouse.duckdb",
    "work.duckdb",
    "work.duckdb.wal",
    "work.by_hand",
    "analytics.duckdb",
    "state.sqlite",
    "state.sqlite-wal",
    "state.sqlite-shm",
    "suppression.key",
    "erasing.json",
    "spool",
    "dlt",
    "sandbox",
    "plans",
    "data_docs",
)


@dataclass(frozen=True)
class World:
    """The seeded world, or one read from a folder of data files. `source` is what the sandbox is given."""

    name: str
    source: str

    @classmethod
    def named(cls, given: str | None) -> World:
        """From `--world`: nothing is the seeded world, anything else a folder."""
        if not given or given == DEFAULT:
            return cls(DEFAULT, DEFAULT)
        folder = Path(given).expanduser().resolve()
        if not folder.is_dir():
            raise UsageError(
                f"the world {given} is not a folder", where="WORLD", remedy="give a folder with data files"
            )
        return cls(folder.name, str(folder))


def current(home: Path) -> World | None:
    """The world whose files lie in `home`; None when there is none."""
    try:
        return World(**json.loads((home / "world.json").read_text()))
    except FileNotFoundError:
        return None


def size_of(home: Path) -> str:
    """The size of the sandbox's world in `home`, as it was made; S when there is none yet."""
    try:
        identity = json.loads((home / "sandbox" / "world.json").read_text())["identity"]
    except (FileNotFoundError, KeyError, ValueError):
        return "S"
    return str(identity.get("size") or "S")


def enter(home: Path, world: World) -> bool:
    """Make `home` hold `world`, parking what another world left there. True if something was switched."""
    home.mkdir(parents=True, exist_ok=True)
    _finish_interrupted(home)
    before = current(home)
    if before is None and (home / "warehouse.duckdb").exists():
        raise UsageError(
            "this folder holds data of a live connection, and make build works in the sandbox only",
            where=home.name, remedy="keep live data elsewhere with CRM_HOME (docs/going-live.md)",
        )  # fmt: skip
    if before == world:
        return False
    if before is not None:
        _write(home / "switching.json", {"before": asdict(before), "after": asdict(world)})
        _finish_interrupted(home)
    else:
        _write(home / "world.json", asdict(world))
    return before is not None


def must_move(home: Path, world: World) -> bool:
    """Whether `enter` has anything to do: `home` does not hold `world`, or a switch was interrupted."""
    return current(home) != world or (home / "switching.json").exists()


def refuse_live(home: Path) -> None:
    """A live connection must not be mixed into a sandbox world's files."""
    world = current(home)
    if world is not None:
        raise UsageError(
            f"this folder holds the sandbox world {world.name!r} and the connection is not the sandbox",
            where=home.name, remedy="set CRM_HOME to another folder, e.g. var-live",
        )  # fmt: skip


def _finish_interrupted(home: Path) -> None:
    marker = home / "switching.json"
    if not marker.exists():
        return
    move = json.loads(marker.read_text())
    before, after = World(**move["before"]), World(**move["after"])
    if current(home) == before:
        _move_all(home, home / "worlds" / before.name)
        _write(home / "world.json", asdict(after))
    _move_all(home / "worlds" / after.name, home)
    marker.unlink()


def _move_all(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name in BELONGS_TO_A_WORLD:
        if (source / name).exists() and not (target / name).exists():
            os.replace(source / name, target / name)


def _write(path: Path, content: dict[str, Any]) -> None:
    part = path.with_suffix(".tmp")
    part.write_text(json.dumps(content))
    os.replace(part, path)
