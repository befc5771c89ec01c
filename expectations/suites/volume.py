"""Volume: a table that had rows keeps them, and columns that were filled stay filled.

Belongs here: comparison with the last publish, the same for every table. What values must be like is in the
suites named after the data.
"""

from __future__ import annotations

from math import ceil
from typing import Any

from expectations.suite import Facts, says

KEPT_SHARE = (
    0.5  # losing more than half of a table between two publishes is an accident until someone says otherwise
)


def expectations(gxe: Any, facts: Facts) -> list[Any]:
    """Rows against what was there before; filled columns against before."""
    made = [_kept(gxe, facts)]
    if facts.remembers:
        made += [
            _still_filled(gxe, facts, c, filled) for c, filled in facts.previous_filled.items() if filled
        ]
    return made


def _kept(gxe: Any, facts: Facts) -> Any:
    if not facts.remembers:
        return gxe.ExpectTableRowCountToBeBetween(
            min_value=1, meta=says(f"is empty although this run brought {facts.loaded_rows:,} rows")
        )
    before = facts.previous_rows or 0
    return gxe.ExpectTableRowCountToBeBetween(
        min_value=ceil(before * KEPT_SHARE),
        meta=says(f"has {{seen:,}} rows, less than half of the {before:,} published last"),
    )


def _still_filled(gxe: Any, facts: Facts, column: str, filled: int) -> Any:
    before = filled / (facts.previous_rows or filled)
    return gxe.ExpectColumnValuesToNotBeNull(
        column=column,
        mostly=round(before * KEPT_SHARE, 4),
        meta=says(f"{column} is empty in {{bad}} of {{rows}} rows; last time {before:.0%} of them had it"),
    )
