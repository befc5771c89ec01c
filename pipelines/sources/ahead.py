"""Reads ahead: the next pages are asked for while this one is worked on. Works behind: the other way round.

Belongs here: one thread beside a reader. Pages that follow each other by a cursor cannot be asked for side by
side, but waiting for them need not hold up what is done with them, nor that the reading.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from types import TracebackType
from typing import Protocol, Self, TypeVar

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


class Behind:
    """Work that a thread of its own does in order while its giver reads on, one piece at a time.

    Whoever gives the next piece waits for the one before, counts its calls as its own and meets its error; so
    does whoever waits for the last. Nothing is at work any more when the block is left.
    """

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._pool = Pool(1, thread_name_prefix="behind")
        self._doing: Future[int] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True)

    def do(self, work: Callable[[], None]) -> None:
        """Have this done next."""
        self.wait()

        def counted() -> int:
            before = self._counter.calls_here
            work()
            return self._counter.calls_here - before

        self._doing = self._pool.submit(counted)

    def wait(self) -> None:
        """Return when all is done."""
        doing, self._doing = self._doing, None
        if doing is not None:
            self._counter.count_here(doing.result())
