"""`config/notifications.yml`: channels that people are told by, quiet hours, and when messages are put
together.

Belongs here: what the file may say. Who is told what is said by routing, handoff and stage automation;
sending is `pipelines.reverse_sync.actions`.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from pipelines.rules.hours import Zone
from pipelines.rules.loader import Strict, load_if_there


class Channel(Strict):
    """Where a message goes. `to`: owner, manager, team, or an address (#channel, an e-mail address)."""

    kind: Literal["slack", "mail", "webhook"]
    to: str = "owner"
    via: Literal["bot", "webhook"] = "bot"
    """Slack: the bot's chat.postMessage, or the incoming webhook, which has one channel of its own."""

    @model_validator(mode="after")
    def _can_be_reached(self) -> Channel:
        somebody = self.to in ("owner", "manager")
        if self.kind == "mail" and not somebody and "@" not in self.to:
            raise ValueError(f"mail goes to owner, manager or an e-mail address, not to {self.to}")
        if self.kind == "webhook" and urlsplit(self.to).scheme not in ("https", "http"):
            raise ValueError(f"a webhook goes to an https address, not to {self.to}")
        return self


class QuietHours(Strict):
    """Nothing is sent from `begins` to `ends`, in the person's own zone where it is known."""

    begins: time = Field(alias="from")
    ends: time = Field(alias="to")
    zone: Zone = "UTC"

    @model_validator(mode="after")
    def _is_a_span(self) -> QuietHours:
        if self.begins == self.ends:
            raise ValueError("quiet hours begin and end at the same time")
        return self

    def until(self, now: datetime, zone: str | None = None) -> datetime | None:
        """When they end for somebody in this zone; None when it is not quiet there now."""
        local = now.astimezone(ZoneInfo(zone or self.zone))
        clock, overnight = local.timetz().replace(tzinfo=None), self.begins > self.ends
        is_quiet = (
            (clock >= self.begins or clock < self.ends) if overnight else self.begins <= clock < self.ends
        )
        if not is_quiet:
            return None
        day = local.date() + timedelta(days=1 if overnight and clock >= self.begins else 0)
        return datetime.combine(day, self.ends, local.tzinfo).astimezone(UTC)


class NotificationsFile(Strict):
    """The whole file."""

    channels: dict[str, Channel] = Field(default_factory=lambda: {"slack": Channel(kind="slack")})
    quiet_hours: QuietHours | None = None
    together_from: int = Field(default=5, ge=2)
    """So many messages of one kind to one place in one run become one message."""
    templates: dict[str, str] = Field(default_factory=dict)
    """Other templates than the usual, by occasion: new-lead, reassignment, escalation, warning."""


def load_notifications(config_dir: Path) -> NotificationsFile:
    """Read and validate `notifications.yml`; a team's folder need not have one."""
    return load_if_there(config_dir / "notifications.yml", NotificationsFile)
