"""Keeps pandas out of a command that has no use for it.

Belongs here: that one switch. pyarrow and DuckDB import pandas with the first array or parameter because it
is installed (identity has it for Splink): a fifth of a second, as much as 10,000 records take.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class _NotInstalled(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == "pandas":
            raise ModuleNotFoundError("this command does without pandas", name=fullname)
        return None


def without_pandas() -> None:
    """For the rest of this process: to whoever asks it is not installed, which both libraries allow for."""
    if "pandas" not in sys.modules:
        sys.meta_path.insert(0, _NotInstalled())
