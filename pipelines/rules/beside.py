"""Config checked in a process beside, while this one imports what it will read with.

Belongs here: that process. What is checked is in `everything`, which takes about as long to import as what an
extract reads with: a command that reads before it does anything else has both at once, and then waits for it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path


def validate(config_dir: Path) -> Callable[[], None]:
    """Begin. What comes back waits for the outcome, and raises what `everything.validate` raises.

    Only a process of one thread can be halved safely; another one checks by itself, and at once.
    """
    if threading.active_count() > 1:
        _here(config_dir)
        return lambda: None
    child = os.fork()
    if not child:
        _end_with_the_outcome(config_dir)

    def wait() -> None:
        if _outcome_of(child):
            _here(config_dir)

    return wait


def _outcome_of(child: int) -> int:
    try:
        return os.waitpid(child, 0)[1]
    except ChildProcessError:
        return 1  # where nobody's end is kept, nobody knows


def _here(config_dir: Path) -> None:
    from pipelines.rules import everything

    everything.validate(config_dir)


def _end_with_the_outcome(config_dir: Path) -> None:
    """What is wrong is said by the other process, which then looks itself."""
    status = 1
    try:
        _here(config_dir)
        status = 0
    finally:
        os._exit(status)
