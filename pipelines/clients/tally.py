"""How many calls of a day this machine made of a vendor that tells nobody what is left.

Belongs here: keeping that count. It is kept where calls are made, so that whatever makes them, and however it
ends, they count: a byte is added to the day's file before each call, which processes may do at once.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path


class Tally:
    """Calls by the day, in `folder`. Safe to use from several threads and processes."""

    def __init__(self, folder: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._folder, self._now = folder, now

    def one(self) -> None:
        """A call is about to be made."""
        self._folder.mkdir(parents=True, exist_ok=True)
        day = os.open(_file(self._folder, self._now()), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(day, b".")
        finally:
            os.close(day)


def of_day(folder: Path, at: datetime) -> int:
    """Those of the day that a moment is in."""
    try:
        return _file(folder, at).stat().st_size
    except FileNotFoundError:
        return 0


def _file(folder: Path, at: datetime) -> Path:
    return folder / at.astimezone(UTC).strftime("%Y-%m-%d")
