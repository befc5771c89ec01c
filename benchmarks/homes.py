"""Homes that `crm build` left, for measurements of what a build makes of a world.

Belongs here: taking one that is there, or building one and throwing it away.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.processes import BIN, measure


@contextmanager
def built(size: str, home: Path | None = None) -> Iterator[Path]:
    """`home`, or one in which the default world of a size has just been built."""
    if home is not None:
        yield home
        return
    with tempfile.TemporaryDirectory(prefix="crm-bench-") as made:
        measure([f"{BIN}/crm", "build", "--size", size], {"CRM_HOME": made})
        yield Path(made)
