"""How many calls were made to one other end, and which of them only trouble made necessary.

Belongs here: counting, for all threads and for each. What a plan forecasts is `calls - repair`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

P = TypeVar("P")
T = TypeVar("T")


class CallCount:
    """Calls of one connection. Safe to use from several threads."""

    def __init__(self) -> None:
        self.total = 0
        """All requests, sign-ins among them."""
        self.sign_ins = 0
        """They count against no limit of calls, and a session that still lasts needs none."""
        self.repair = 0
        """Sent again, or made inside `repairing`."""
        self.told: Callable[[], None] | None = None
        """Hears of each request before it is sent."""
        self._lock = threading.Lock()
        self._own = threading.local()

    @property
    def calls(self) -> int:
        """What counts against limits: all but sign-ins."""
        return self.total - self.sign_ins

    @property
    def here(self) -> int:
        """Requests of the current thread."""
        return int(getattr(self._own, "calls", 0))

    def credit(self, calls: int) -> None:
        """Give the current thread calls that another made for it, and has counted."""
        self._own.calls = self.here + calls

    def one(self, *, again: bool = False, sign_in: bool = False) -> None:
        """A request is about to be sent. `again`: it was sent before, and came to nothing."""
        with self._lock:
            self.total += 1
            self.sign_ins += sign_in
            self.repair += not sign_in and (again or self._is_repairing)
        self.credit(1)
        if self.told is not None:
            self.told()

    @contextmanager
    def repairing(self) -> Iterator[None]:
        """Calls that the current thread makes inside are repair, however deep."""
        before, self._own.is_repairing = self._is_repairing, True
        try:
            yield
        finally:
            self._own.is_repairing = before

    def as_here(self, work: Callable[[P], T]) -> Callable[[P], T]:
        """The same work for another thread: its calls are repair if the current thread's would be."""
        if not self._is_repairing:
            return work

        def repairing(what: P) -> T:
            with self.repairing():
                return work(what)

        return repairing

    @property
    def _is_repairing(self) -> bool:
        return bool(getattr(self._own, "is_repairing", False))
