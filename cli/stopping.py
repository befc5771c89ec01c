"""Ending a command that runs until it is told to stop: what is under way is finished first.

Belongs here: the signals. What is finished is the command's; a second signal ends it at once.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def asked_to(stopped: threading.Event, wake: Callable[[], object]) -> Iterator[None]:
    """Set `stopped`, and `wake` whoever waits, on Ctrl-C or SIGTERM; KeyboardInterrupt on the next."""

    def handle(number: int, frame: FrameType | None) -> None:
        if stopped.is_set():
            raise KeyboardInterrupt
        stopped.set()
        wake()

    before = {number: signal.signal(number, handle) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
