"""The errors people read: what happened, where, and what to do about it.

Belongs here: exceptions that end a command with a sentence and an exit code. Per-record outcomes of a
write are values, not exceptions; they live in `pipelines.reverse_sync`.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path

_FULL = (errno.ENOSPC, errno.EDQUOT)


class Exit(IntEnum):
    """Exit codes of the `crm` command."""

    OK = 0
    FAILED = 1
    USAGE = 2
    GATE = 3
    PARTIAL = 4
    LOCKED = 5


class CrmError(Exception):
    """A failure that a person can act on.

    `what` happened, `where` (file, object, connection or URL without credentials), `remedy`: what to do next.
    Each is a fragment without a full stop; `str()` joins them into one sentence.
    """

    exit_code: Exit = Exit.FAILED

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.what, self.where, self.remedy = what, where, remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        cure = f"; {self.remedy}" if self.remedy else ""
        return f"{self.what}{place}{cure}."


class DiskFull(CrmError):
    """There is no room left where something was to be written. What counted before counts still."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            "the disk is full", where=str(folder),
            remedy="make room there and run this again; what was read is kept and gone on with",
        )  # fmt: skip


@contextmanager
def needing_room(folder: Path) -> Iterator[None]:
    """Say in a sentence that there is none."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise DiskFull(folder) from error


class ConfigError(CrmError):
    """Something in `config/` or the environment is not as it must be; nothing was run."""

    exit_code = Exit.USAGE


class UsageError(CrmError):
    """The command was called in a way that cannot work."""

    exit_code = Exit.USAGE


class GateFailed(CrmError):
    """A quality gate stopped the run; what was published before still stands."""

    exit_code = Exit.GATE


class GuardStopped(CrmError):
    """A guard of `syncs.yml` holds a plan; the opt-outs in it went all the same."""


class Locked(CrmError):
    """Another run holds the warehouse."""

    exit_code = Exit.LOCKED
