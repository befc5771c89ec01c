"""The sandbox's clock: real time plus an offset, one for all vendors, kept in a file of eight bytes.

The file is mapped into each server process, so a change by one is seen by the others at once and survives
a kill. It is the only place of the sandbox that reads the machine's clock for anything a client can see.
"""

from __future__ import annotations

import mmap
import struct
import time
from pathlib import Path

_FORMAT = struct.Struct("<q")


def real_ms() -> int:
    return time.time_ns() // 1_000_000


class Clock:
    """Gives and sets the time of the sandbox, in milliseconds."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("r+b")
        self._map = mmap.mmap(self._file.fileno(), _FORMAT.size)

    @classmethod
    def create(cls, path: Path, now: int) -> Clock:
        """Make the clock's file so that it shows `now` at this moment."""
        path.write_bytes(_FORMAT.pack(now - real_ms()))
        return cls(path)

    def now(self) -> int:
        return real_ms() + int(_FORMAT.unpack_from(self._map)[0])

    def set(self, now: int) -> None:
        _FORMAT.pack_into(self._map, 0, now - real_ms())

    def close(self) -> None:
        self._map.close()
        self._file.close()
