"""Locks that end with whoever holds them, also when that dies: a file, `flock`, and a note of who it is.

Belongs here: that lock. What each is for is said where it is taken: the writer's and the decider's by
`warehouse`, the one of an apply by `reverse_sync.lock`.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pipelines.errors import Locked

_POLL_SECONDS = 0.2


class FileLock:
    """One holder at a time; re-entrant within this object."""

    def __init__(self, path: Path, what: str) -> None:
        """`what`: the sentence that the holder's name completes, such as "the warehouse is being written
        by"."""
        self.path, self._what = path, what
        self._fd: int | None = None
        self._depth = 0

    @property
    def is_held(self) -> bool:
        return self._depth > 0

    @contextmanager
    def held(self, holder: str, *, wait_seconds: float = 0.0) -> Iterator[None]:
        """Hold it; raises Locked naming the holder when it is not free in time."""
        if self._depth == 0:
            self._fd = self._opened(holder, wait_seconds)
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if self._depth == 0 and self._fd is not None:
                os.ftruncate(self._fd, 0)
                os.close(self._fd)  # closing drops the lock
                self._fd = None

    def _opened(self, holder: str, wait_seconds: float) -> int:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        deadline = time.monotonic() + wait_seconds
        while not _try_lock(fd):
            if time.monotonic() >= deadline:
                who = _read_holder(fd)
                os.close(fd)
                raise Locked(
                    f"{self._what} {who}", where=self.path.name,
                    remedy="wait for it to end and run this again",
                )  # fmt: skip
            time.sleep(_POLL_SECONDS)
        os.ftruncate(fd, 0)
        note = {
            "holder": holder,
            "pid": os.getpid(),
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        os.pwrite(fd, json.dumps(note).encode(), 0)
        return fd


def _try_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read_holder(fd: int) -> str:
    try:
        note = json.loads(os.pread(fd, 4096, 0) or b"{}")
    except ValueError:
        note = {}
    if not note:
        return "another run"
    return f"{note.get('holder', 'another run')} (pid {note.get('pid', '?')}, since {note.get('since', '?')})"
