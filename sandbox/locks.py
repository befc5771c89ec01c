"""Paths in a sandbox's home that one process has for itself. The kernel lets go of them when it dies.

Belongs here: locking a file or folder that may be moved or removed meanwhile, so that a lock of what is no
longer there is never taken for one of what is.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path


def file(path: Path) -> int | None:
    """The file, made readable for its owner alone if there is none, opened and locked; None while another
    process has it."""
    held = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if is_at(path, held):
            return held
    except BlockingIOError:
        pass
    os.close(held)
    return None


def folder(path: Path, wait: Callable[[], None]) -> int:
    """The folder, made if there is none, opened and locked. Calls `wait` before it waits for another process,
    who may have moved it: `is_at` tells."""
    while True:
        path.mkdir(parents=True, exist_ok=True)
        try:
            held = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:  # moved in between
            continue
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            wait()
            fcntl.flock(held, fcntl.LOCK_EX)
        return held


def is_at(path: Path, held: int) -> bool:
    """Whether what is held is what stands at `path`."""
    try:
        return os.path.samestat(os.fstat(held), path.stat())
    except FileNotFoundError:
        return False
