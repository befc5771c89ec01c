"""`config/alerts.yml`: who is told when a run goes wrong, and from where on something is wrong.

Belongs here: what the file may say. Seeing it and telling is `pipelines.alerts`.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from pipelines.connections import is_loopback
from pipelines.rules.loader import Strict, load_if_there
from pipelines.rules.notifications import Channel

_PEOPLE = ("owner", "manager", "team")


class Place(Channel):
    """Where alerts go: a Slack channel or person, a mail address, or a webhook's address."""

    @model_validator(mode="after")
    def _is_an_address(self) -> Place:
        if self.kind == "slack" and self.via == "webhook":
            return self
        if self.to in _PEOPLE:
            raise ValueError("an alert is about no lead: name an address in to, like #ops or ops@example.com")
        if self.kind == "webhook" and not (urlsplit(self.to).scheme == "https" or is_loopback(self.to)):
            raise ValueError("a webhook needs an https address in to")
        return self

    @property
    def name(self) -> str:
        """Names the place in the state, so that nobody is told twice."""
        return f"{self.kind} {'webhook' if self.via == 'webhook' else self.to}"


class Volume(Strict):
    """A run that writes far more, or far fewer, records of a sync than the runs before."""

    times: float = Field(default=5, gt=1)
    floor: int = Field(default=100, ge=0)
    """Differences below this are nobody's worry."""


class Duration(Strict):
    """A run that takes far longer than the runs before."""

    times: float = Field(default=3, gt=1)
    floor_minutes: float = Field(default=10, ge=0)
    """Runs below this are nobody's worry."""


class AlertsFile(Strict):
    """The whole file. null switches a condition off."""

    tell: tuple[Place, ...] = ()
    failure: bool = True
    guard: bool = True
    drift: bool = True
    error_share: float | None = Field(default=0.05, ge=0, le=1)
    """Of what an apply sent of a sync, the share that was refused or is unknown."""
    volume: Volume | None = Volume()
    duration: Duration | None = Duration()


def load_alerts(config_dir: Path) -> AlertsFile:
    """Read and validate `alerts.yml`; a team's folder need not have one."""
    return load_if_there(config_dir / "alerts.yml", AlertsFile)
