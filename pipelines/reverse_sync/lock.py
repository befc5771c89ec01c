"""One apply at a time: locks that end with whoever holds them.

Belongs here: that lock. Two applies at once would take each other's calls in flight for lost ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import gethostname

from pipelines.locking import FileLock
from pipelines.state.engine import State


@contextmanager
def only_one(path: Path, holder: str, state: State, *, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the lock, or raise Locked naming who does: on this machine by a file, for which it is waited so
    long, and among machines that share a state in PostgreSQL by that."""
    here = FileLock(path, "changes are being written to the CRMs by")
    with (
        here.held(holder, wait_seconds=wait_seconds),
        state.alone("writing to the CRMs", f"{holder} on {gethostname()}"),
    ):
        yield
