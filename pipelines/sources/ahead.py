"""Reads ahead: the next pages are asked for while this one is worked on.

Belongs here: one thread beside a reader. Pages that follow each other by a cursor cannot be asked for side by
side, but waiting for them need not hold up what is done with them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Protocol, TypeVar

from pipelines.threads import Pool

T = TypeVar("T")
PAGES_AHEAD = 20
"""About as many as arrive while a part is converted and written; so many are in memory beside it."""
_END = object()


class Counter(Protocol):
    """Counts calls by thread, so that each object is told its own."""

    @property
    def calls_here(self) -> int: ...

    def count_here(self, calls: int) -> None: ...


def ahead(items: Iterator[T], counter: Counter, at_most: int = PAGES_AHEAD) -> Iterator[T]:
    """The items in their order, taken by a thread of its own up to `at_most` ahead of whoever reads them.

    An error comes after the items before it. Calls that the thread makes count as the reader's.
    """

    def take() -> tuple[T | object, int]:
        before = counter.calls_here
        return next(items, _END), counter.calls_here - before

    coming: deque[Future[tuple[T | object, int]]] = deque()
    pool = Pool(1, thread_name_prefix="ahead")
    try:
        while True:
            while len(coming) < at_most:
                coming.append(pool.submit(take))
            found, calls = coming.popleft().result()
            counter.count_here(calls)
            if found is _END:
                return
            yield found  # type: ignore[misc]  # whatever is not the end is an item
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
