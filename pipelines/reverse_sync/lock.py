"""One apply at a time: locks that end with whoever holds them.

Belongs here: that lock. Two applies at once would take each other's calls in flight for lost ones.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import gethostname

from pipelines.errors import Locked
from pipelines.state.engine import State


@contextmanager
def only_one(path: Path, holder: str, state: State) -> Iterator[None]:
    """Hold the lock, or raise Locked naming who does: on this machine by a file, and among machines that
    share a state in PostgreSQL by that."""
    with _only_one_here(path, holder), state.alone("writing to the CRMs", f"{holder} on {gethostname()}"):
        yield


@contextmanager
def _only_one_here(path: Path, holder: str) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = os.pread(fd, 1024, 0).decode(errors="replace") or "another run"
            raise Locked(
                f"changes are being written to the CRMs by {other}", where=path.name,
                remedy="wait for it to end and run this again",
            ) from None  # fmt: skip
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{holder} (pid {os.getpid()})".encode(), 0)
        yield
        os.ftruncate(fd, 0)
    finally:
        os.close(fd)  # closing drops the lock
