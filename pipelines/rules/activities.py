"""`config/activities.yml`: which activities that were logged in one CRM are made known in the other.

Belongs here: what the file may say. Which activities these are is `reverse_sync.mirror.activities`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from pipelines.rules.loader import Strict, load_if_there

FromHubSpot = Literal["calls", "emails", "meetings", "notes", "tasks"]
FromSalesforce = Literal["Task", "Event"]


class Activities(Strict):
    """The whole file."""

    to_salesforce: tuple[FromHubSpot, ...] = ()
    to_hubspot: tuple[FromSalesforce, ...] = ()
    days: int = Field(default=30, ge=1)
    """How old an activity may be that is still carried over."""
    on_delete: Literal["nothing", "copy"] = "nothing"
    """What becomes of a copy whose activity was deleted: it stays, or goes too."""


def load_activities(config_dir: Path) -> Activities:
    """Read and validate the file; a team without one carries none."""
    return load_if_there(config_dir / "activities.yml", Activities)
