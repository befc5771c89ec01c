"""Keeps pandas, numpy and httpx's own command out of a command that has no use for them.

Belongs here: that one switch. pyarrow and DuckDB import pandas with the first array or parameter, and numpy
before that, because they are installed (identity has them): a quarter of a second, as much as 10,000 records
take. httpx imports a program of its own and what that prints with.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_UNUSED = frozenset({"pandas", "numpy", "httpx._main"})


class _NotInstalled(MetaPathFinder):
    def __init__(self, names: frozenset[str]) -> None:
        self.names = names

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname in self.names:
            raise ModuleNotFoundError(f"this command does without {fullname}", name=fullname)
        return None


def without_numbers() -> None:
    """For the rest of this process: none is there for whoever asks, which all libraries allow for."""
    sys.meta_path.insert(0, _NotInstalled(_UNUSED - sys.modules.keys()))
