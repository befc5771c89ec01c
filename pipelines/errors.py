"""The errors people read: what happened, where, and what to do about it.

Belongs here: exceptions that end a command with a sentence and an exit code. Per-record outcomes of a
write are values, not exceptions; they live in `pipelines.reverse_sync`.
"""

from __future__ import annotations

from enum import IntEnum


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
