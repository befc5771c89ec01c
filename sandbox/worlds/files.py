"""placeholder"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sandbox.store import Store
from sandbox.worlds.progress import Progress


class MappingError(Exception):
    """A mapping that cannot be used."""


def digest(folder: Path) -> str:
    raise MappingError("Worlds from files are not there yet.")


def create(
    home: Path, hubspot: Store, salesforce: Store, folder: Path, seed: int, progress: Progress
) -> tuple[int, dict[str, Any]]:
    raise MappingError("Worlds from files are not there yet.")
