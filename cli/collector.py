"""What a command does with memory that it no longer needs: looks for it rarely, gives it back at once.

Belongs here: the settings of Python's collector and of the C library. Almost all of ours is freed by its
reference counts. The collector looks through all that is alive, over and over, while pages of records are
read: a quarter of an extract's CPU time; and once more at the end, before everything is given back to the
system anyway.
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_YOUNG, _MIDDLE, _OLD = 20_000, 20, 100
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGE = 4 << 20
"""Bytes from which on a piece of memory is the system's again when it is freed: a page of a bulk result."""


@contextmanager
def seldom() -> Iterator[None]:
    """For the whole life of a command."""
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
    try:
        yield
    finally:
        gc.freeze()


def give_back() -> None:
    """Have what is large given back when it is freed, for the rest of this process.

    Left to itself glibc keeps room for as much as was once given back, up to 32 MB, in each thread that has
    asked for any (mallopt(3)): a long extract's pages stayed beside DuckDB's load, a short one's did not.
    """
    with suppress(OSError, AttributeError):  # another C library
        library = ctypes.CDLL(None)
        library.mallopt(_MMAP_THRESHOLD, _LARGE)
        library.mallopt(_TRIM_THRESHOLD, 2 * _LARGE)
