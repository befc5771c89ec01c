"""Associations of many records, waiting to be stored, by the pair of types they are of.

What is the same for all of a pair is said once: a large world has more of them than of anything else.
"""

from __future__ import annotations

from sandbox.hubspot.associations import DEFINED
from sandbox.hubspot.catalog import TYPE_IDS
from sandbox.store import Store

Ends = tuple[int, int, int, str | None]


class Links:
    """Both ways, as the default association of two records makes them."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], list[Ends]] = {pair: [] for pair in TYPE_IDS}

    def add(self, one: str, i: int, other: str, j: int, *, primary: bool = False) -> None:
        """Join two records; as primary where the pair has it."""
        for pair, this, that in (((one, other), i, j), ((other, one), j, i)):
            plain, first = TYPE_IDS[pair]
            waiting = self._waiting[pair]
            waiting.append((this, that, plain, None))
            if primary and first is not None:
                waiting.append((this, that, first, "Primary"))

    def store(self, store: Store) -> None:
        """Insert all that waits, what is there already apart."""
        for (one, other), ends in self._waiting.items():
            if ends:
                values = f"('{one}', ?, '{other}', ?, ?, '{DEFINED}', ?)"
                store.db.executemany(f"insert or ignore into associations values {values}", ends)
                ends.clear()
