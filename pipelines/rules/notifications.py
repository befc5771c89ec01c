"""`config/notifications.yml`: channels that people are told by, quiet hours, and when messages are put
together.

Belongs here: what the file may say. Who is told what is said by routing, handoff and stage automation;
sending is `pipelines.reverse_sync.actions`.
"""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from pipelines.rules.hours import Zone
from pipelines.rules.loader import Strict, load_if_there


class Channel(Strict):
    """Where a message goes. `to`: owner, manager, team, or an address (#channel, an e-mail address)."""

    kind: Literal["slack", "mail", "webhook"]
    to: str = "owner"
    via: Literal["bot", "webhook"] = "bot"
    """Slack: the bot's chat.postMessage, or the incoming webhook, which has one channel of its own."""


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
