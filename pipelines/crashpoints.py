"""Named places where a test may end the process, to prove what the next run makes of it.

A crashpoint does nothing unless a test has armed it in this process: no variable, no file and no setting can.
Belongs here: the hook and how it is armed. Where the hooks stand is the code they stand in.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


class Crashed(BaseException):
    """Ends a step at a crashpoint; a BaseException, so that no handler of ours mends it on the way."""


@dataclass
class _Armed:
    name: str
    countdown: int
    hard: bool


_armed: _Armed | None = None


def crashpoint(name: str) -> None:
    """Marks a place in a protocol. Ends the step there if a test armed this name."""
    if _armed is None or _armed.name != name:
        return
    _armed.countdown -= 1
    if _armed.countdown > 0:
        return
    if _armed.hard:
        os._exit(137)
    raise Crashed(name)


def arm(name: str, *, nth: int = 1, hard: bool = False) -> None:
    """End the step when `name` is reached the nth time: by raising, or (hard) by ending the process."""
    global _armed
    _armed = _Armed(name, nth, hard)


def disarm() -> None:
    """Make every crashpoint a no-op again."""
    global _armed
    _armed = None


@contextmanager
def armed(name: str, *, nth: int = 1) -> Iterator[None]:
    """`arm` for the length of a block."""
    arm(name, nth=nth)
    try:
        yield
    finally:
        disarm()
