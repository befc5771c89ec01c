"""`crm plan` and `crm apply`: showing a plan, writing one, showing what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from cli.screen import table
from pipelines.errors import Exit

if TYPE_CHECKING:
    from pipelines.steps import Loop
