"""A home is held while a sandbox or a run works in it, so that nobody changes the world under it.

Those who work share the lock; who switches worlds needs it alone. The kernel drops it with its holder.
Belongs here: that lock, `world.lock`. Which world it is about, and moving its files, is in `cli.world`.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli import world as worlds
from cli.world import World
from pipelines.errors import Locked

LOCK = "world.lock"


@contextmanager
def entered(home: Path, world: World, holder: str) -> Iterator[bool]:
    """Hold `home` with `world` in it while the block runs; gives whether worlds were switched.

    Raises Locked, by name of the holders, when others work in another world there.
    """
    home.mkdir(parents=True, exist_ok=True)
    fd = os.open(home / LOCK, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        switched = False
        if worlds.must_move(home, world):
            _lock(fd, fcntl.LOCK_EX, home)
            os.ftruncate(fd, 0)
            switched = worlds.enter(home, world)
        _lock(fd, fcntl.LOCK_SH, home)
        if worlds.must_move(home, world):  # somebody came between the two locks
            raise _refusal(fd, home)
        os.write(fd, (json.dumps({"holder": holder, "pid": os.getpid()}) + "\n").encode())
        yield switched
    finally:
        _forget_names(fd)
        os.close(fd)  # closing drops the lock


def _lock(fd: int, kind: int, home: Path) -> None:
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _refusal(fd, home) from None


def _forget_names(fd: int) -> None:
    """The last who leaves takes the names along."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    os.ftruncate(fd, 0)


def _refusal(fd: int, home: Path) -> Locked:
    names = [json.loads(line) for line in os.pread(fd, 65536, 0).decode().splitlines()]
    living = [f"{one['holder']} (pid {one['pid']})" for one in names if _lives(int(one["pid"]))]
    world = worlds.current(home)
    return Locked(
        f"the world {world.name if world else 'here'} is in use by {' and '.join(living) or 'another run'}",
        where=home.name, remedy="stop it first, or set CRM_HOME to another folder",
    )  # fmt: skip


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
