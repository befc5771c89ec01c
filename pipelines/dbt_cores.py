"""Among how many threads DuckDB shares its work while dbt makes models.

Belongs here: a model that is alone for a while has all cores, from the next part of its work on. How many
threads there are for models that are made at once is said where dbt opens the file (`Warehouse.threads`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from typing import Any

_WHILE = 0.25
"""Seconds. To take threads back waits for what they are at, which small models by the hundred need not."""
_current: Cores | None = None


class Cores:
    """`share` is told among how many threads: `alone` where one model is made, `together` where more are."""

    def __init__(self, share: Callable[[int], None], together: int, alone: int) -> None:
        self._share, self._together, self._alone = share, together, alone
        self._lock, self._making, self._begun, self._has_all = Lock(), 0, 0, False

    @contextmanager
    def making(self) -> Iterator[None]:
        with self._lock:
            self._making += 1
            self._begun += 1
            if self._has_all and self._making > 1:
                self._has_all = False
                self._share(self._together)
        try:
            yield
        finally:
            with self._lock:
                self._making -= 1

    def look(self, begun: int) -> int:
        """Share what there is with who is alone, and was when `begun` had been; how many have begun now."""
        with self._lock:
            if self._making == 1 and self._begun == begun and not self._has_all:
                self._has_all = True
                self._share(self._alone)
            return self._begun


@contextmanager
def shared(together: int, alone: int) -> Iterator[None]:
    """While dbt runs, which is once at a time in a process."""
    global _current
    if together == alone:
        yield
        return
    cores, ended = Cores(_share, together, alone), Event()

    def watch() -> None:
        begun = 0
        while not ended.wait(_WHILE):
            begun = cores.look(begun)

    watching = Thread(target=watch, daemon=True)
    _current = cores
    watching.start()
    try:
        yield
    finally:
        ended.set()
        watching.join()
        _current = None


def spare(put: Callable[..., None]) -> None:
    """A model counts while its SQL runs, not while it is compiled."""
    from dbt.task.run import ModelRunner

    execute = ModelRunner.execute

    def counted(self: Any, *args: Any, **named: Any) -> Any:
        if _current is None:
            return execute(self, *args, **named)
        with _current.making():
            return execute(self, *args, **named)

    put(ModelRunner, execute=counted)


def _share(threads: int) -> None:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    environment = DuckDBConnectionManager._ENV
    if environment is not None and environment.conn is not None:
        with environment.conn.cursor() as cursor:
            cursor.execute(f"set global threads = {threads}")
