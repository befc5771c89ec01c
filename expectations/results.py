"""What a check saw: plain values, so that Great Expectations' types stop in the runner.

Belongs here: results and the sentences made of them. Which suites exist is in `registry`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Scope = Literal["raw", "marts", "desired"]
Severity = Literal["gate", "warn"]
Status = Literal["passed", "failed", "skipped"]
SCOPES: tuple[Scope, ...] = ("raw", "marts", "desired")


@dataclass(frozen=True, kw_only=True)
class SuiteResult:
    """One suite on one table.

    `failures` are sentences with numbers and examples; `note` says why a suite was skipped.
    """

    table: str
    suite: str
    severity: Severity
    status: Status
    expectations: int = 0
    failures: tuple[str, ...] = ()
    seconds: float = 0.0
    note: str = ""

    @property
    def passed(self) -> bool:
        """A skipped suite has nothing against the data."""
        return self.status != "failed"


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """All suites of one scope, in the registry's order. `docs` is the page to open, if anything ran."""

    scope: Scope
    suites: tuple[SuiteResult, ...]
    seconds: float
    docs: Path | None = None

    @property
    def passed_gates(self) -> bool:
        return all(suite.passed for suite in self.suites if suite.severity == "gate")

    def failed(self, severity: Severity) -> tuple[SuiteResult, ...]:
        return tuple(s for s in self.suites if s.severity == severity and not s.passed)

    def count(self, severity: Severity, status: Status) -> int:
        return sum(1 for s in self.suites if s.severity == severity and s.status == status)
