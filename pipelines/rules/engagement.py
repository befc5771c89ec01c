"""`config/engagement.yml`: what opening, clicking or a goal in Marketing Cloud becomes in Salesforce.

Belongs here: what the file may say, and its table. Whom it means is worked out in dbt.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pyarrow as pa
from pydantic import Field, model_validator

from pipelines.rules.loader import Strict, load_if_there
from pipelines.rules.rows import Columns, Rows

FILE = "engagement.yml"
ITS_OWN = "its own"
Did = Literal["sent", "opened", "clicked", "bounced", "unsubscribed", "complained", "goal"]


class Engaged(Strict):
    """Who did what with which e-mail or journey."""

    mailing: str = ""
    journey: str = ""
    did: Did
    url: str = ""

    @model_validator(mode="after")
    def _names_something(self) -> Engaged:
        if bool(self.mailing) == bool(self.journey):
            raise ValueError("name a mailing or a journey, one of them")
        if self.did == "goal" and not self.journey:
            raise ValueError("a goal is a journey's: name the journey")
        if self.url and self.did != "clicked":
            raise ValueError("url is about clicks: say did: clicked")
        return self


class Member(Engaged):
    campaign: str = Field(min_length=1)
    """Name or id in Salesforce; `its own` is the campaign that the mailing is named after."""
    status: str = Field(min_length=1)


class TaskRule(Engaged):
    name: str = Field(pattern=r"^[a-z0-9_]+$")
    subject: str = Field(min_length=1, max_length=200)
    within_days: int = Field(default=7, ge=1, le=180)
    due_in_days: int = Field(default=1, ge=0, le=90)
    priority: Literal["low", "medium", "high"] = "medium"
    done: bool = False
    """A record of what happened rather than work: the task is completed as it is made."""


class Engagement(Strict):
    """The whole file."""

    order: tuple[str, ...] = ("Sent", "Opened", "Responded")
    create_statuses: bool = False
    members: tuple[Member, ...] = ()
    tasks: tuple[TaskRule, ...] = ()

    @model_validator(mode="after")
    def _holds_together(self) -> Engagement:
        for each in self.members:
            if each.status not in self.order:
                raise ValueError(f"status {each.status} is not in order")
            if each.campaign == ITS_OWN and each.did == "goal":
                raise ValueError("a journey's goal has no campaign of its own: name one")
        names = [each.name for each in self.tasks]
        if len(set(names)) != len(names):
            raise ValueError("a task's name stands twice")
        return self


def load_engagement(config_dir: Path) -> Engagement:
    """The file's, or none where a team's own config has no such file."""
    return load_if_there(config_dir / FILE, Engagement)


def members(rules: Engagement) -> Rows:
    columns: Columns = (
        *_ENGAGED, ("campaign", pa.string()), ("status", pa.string()), ("rank", pa.int64()),
        ("status_order", pa.list_(pa.string())), ("create_status", pa.bool_()),
    )  # fmt: skip
    return columns, [
        (*_engaged(n, each), each.campaign, each.status, rules.order.index(each.status) + 1,
         list(rules.order), rules.create_statuses)
        for n, each in enumerate(rules.members, 1)
    ]  # fmt: skip


def tasks(rules: Engagement) -> Rows:
    columns: Columns = (
        *_ENGAGED, ("name", pa.string()), ("subject", pa.string()), ("within_days", pa.int64()),
        ("due_in_days", pa.int64()), ("priority", pa.string()), ("status", pa.string()),
    )  # fmt: skip
    return columns, [
        (*_engaged(n, each), each.name, each.subject, each.within_days, each.due_in_days, each.priority,
         "Completed" if each.done else "Not Started")
        for n, each in enumerate(rules.tasks, 1)
    ]  # fmt: skip


_ENGAGED: Columns = (
    ("rule_number", pa.int64()), ("mailing", pa.string()), ("journey", pa.string()), ("did", pa.string()),
    ("url", pa.string()),
)  # fmt: skip


def _engaged(number: int, each: Engaged) -> tuple[object, ...]:
    return number, _like(each.mailing), _like(each.journey), each.did, _like(each.url)


def _like(pattern: str) -> str | None:
    """A pattern with * as one of LIKE, whose escape is a backslash; None for one that is not said."""
    if not pattern:
        return None
    escaped = pattern.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%")
