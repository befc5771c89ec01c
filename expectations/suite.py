"""What a suite is: a table, the columns it looks at, and a function that makes its expectations.

Belongs here: the shape. Suites themselves are in `suites/`; their order and severity in `registry`.
Great Expectations is handed in as `gxe` (its expectations module), so that a suite can be read and listed
without paying for its import.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from expectations.results import Scope, Severity

MEMORY_FLOOR = 20  # a table or column with fewer rows last time is too small to say that it shrank


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known about a table before looking at its values.

    `rows` are live rows: not deleted at the vendor; `all_rows` has the deleted ones too. `status` and
    `loaded_rows` are those of the table's latest row in ops.loads.
    """

    table: str
    rows: int = 0
    all_rows: int = 0
    exists: bool = True
    deletable: bool = False
    connected: bool = True
    status: str = ""
    as_of: datetime | None = None
    previous_rows: int | None = None
    previous_filled: Mapping[str, int] = field(default_factory=dict)
    loaded_rows: int = 0

    @property
    def remembers(self) -> bool:
        """Whether the last publish had enough rows to compare with."""
        return self.previous_rows is not None and self.previous_rows >= MEMORY_FLOOR


Build = Callable[[Any, Facts], list[Any]]


@dataclass(frozen=True, kw_only=True)
class Suite:
    """Expectations on one table.

    `columns` maps a name to the SQL expression behind it; `{as_of}` in an expression is the run's clock.
    `query` replaces the table as what is read, for aggregates and joins; `needs` are the tables it reads.
    `key` names a row in examples. `remembered` columns must stay as complete as at the last publish.
    """

    scope: Scope
    table: str
    name: str
    severity: Severity
    build: Build
    columns: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    needs: tuple[str, ...] = ()
    key: str = ""
    remembered: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return f"{self.table}.{self.name}"


def says(sentence: str) -> dict[str, str]:
    """The meta of an expectation: what to tell people when it fails.

    `{seen}` is the observed value, `{bad}` and `{rows}` count rows, `{share}` is bad of rows in per cent.
    """
    return {"says": sentence}
