"""Noticing that whoever started a process is gone: its standard input ends."""

from __future__ import annotations

import os
from collections.abc import Callable


def until_eof(fd: int, then: Callable[[], object]) -> None:
    """Read and forget until the end, then call."""
    while os.read(fd, 4096):
        continue
    then()
