"""What the steps ask of whoever checks a refresh: Great Expectations is above this package.

Belongs here: the seam. The gates themselves are `expectations`.
"""

from __future__ import annotations

from typing import Literal, Protocol

from pipelines.run import Progress, Run, StepResult
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse

Scope = Literal["raw", "marts", "desired"]


class Check(Protocol):
    """Asks the gates of a scope of the refresh in the works: raises GateFailed, or says what it saw."""

    def get_ready(self) -> None:
        """There will be something to check: what takes long to load may begin now."""

    def __call__(
        self, scope: Scope, warehouse: Warehouse, settings: Settings, run: Run, progress: Progress
    ) -> StepResult: ...
