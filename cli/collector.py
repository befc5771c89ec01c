"""How often Python looks for garbage: for a command that reads a million records, rarely.

Belongs here: the collector's settings. Almost all of ours is freed by its reference counts. The collector
looks through all that is alive, over and over, while pages of records are read: a quarter of an extract's CPU
time; and once more at the end, before everything is given back to the system anyway.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_YOUNG, _MIDDLE, _OLD = 20_000, 20, 100


@contextmanager
def seldom() -> Iterator[None]:
    """For the whole life of a command."""
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
    try:
        yield
    finally:
        gc.freeze()
