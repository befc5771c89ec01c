"""`config/activities.yml`: which activities that were logged in one CRM are made known in the other, and what
tells how a Salesforce event came out.

Belongs here: what the file may say. Which activities these are is `reverse_sync.mirror.activities`, the
outcomes' table `event_outcomes`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from pipelines.rules.loader import Strict, load_if_there

FromHubSpot = Literal["calls", "emails", "meetings", "notes", "tasks"]
FromSalesforce = Literal["Task", "Event"]


class EventOutcome(Strict):
    """A field of Salesforce's event, which has none of its own for this, and what its values mean. Any other
    value is a meeting that stands."""

    field: str = Field(min_length=1)
    no_show: tuple[str, ...] = ()
    canceled: tuple[str, ...] = ()
    rescheduled: tuple[str, ...] = ()
    completed: tuple[str, ...] = ()

    @property
    def meanings(self) -> dict[str, str]:
        """Value of the field -> the outcome, by HubSpot's name."""
        known = {
            "NO_SHOW": self.no_show, "CANCELED": self.canceled, "RESCHEDULED": self.rescheduled,
            "COMPLETED": self.completed,
        }  # fmt: skip
        return {value: outcome for outcome, values in known.items() for value in values}

    @property
    def told(self) -> dict[str, str]:
        """The outcome, by HubSpot's name -> the value of the field that says so first."""
        return {outcome: value for value, outcome in reversed(self.meanings.items())}

    @model_validator(mode="after")
    def _means_one_thing(self) -> EventOutcome:
        values = [*self.no_show, *self.canceled, *self.rescheduled, *self.completed]
        if not values:
            raise ValueError(
                "name the values of the field that mean no_show, canceled, rescheduled or completed"
            )
        alike = [value.strip().lower() for value in values]  # as they are compared with what a record says
        twice = next((v for v, same in zip(values, alike, strict=True) if alike.count(same) > 1), None)
        if twice is not None:
            raise ValueError(f"{twice} is given two meanings")
        return self


class Activities(Strict):
    """The whole file."""

    to_salesforce: tuple[FromHubSpot, ...] = ()
    to_hubspot: tuple[FromSalesforce, ...] = ()
    days: int = Field(default=30, ge=1)
    """How old an activity may be that is still carried over."""
    on_delete: Literal["nothing", "copy"] = "nothing"
    """What becomes of a copy whose activity was deleted: it stays, or goes too."""
    event_outcome: EventOutcome | None = None


def load_activities(config_dir: Path) -> Activities:
    """Read and validate the file; a team without one carries none."""
    return load_if_there(config_dir / "activities.yml", Activities)
