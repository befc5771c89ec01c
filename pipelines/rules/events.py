"""`config/events.yml`: what an event of a CRM sets off.

Belongs here: what the file may say. Receiving events is `pipelines.listening`; acting on them is
`cli.listen`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from pipelines.rules.durations import Duration, parse
from pipelines.rules.loader import Strict, load_if_there

_OF_HUBSPOT = re.compile(
    r"(contact|company|deal|ticket|product|line_item|conversation|object)\."
    r"(creation|deletion|privacyDeletion|merge|restore|propertyChange|associationChange|newMessage)"
)
_OF_SALESFORCE = re.compile(r"([A-Z]\w*|[a-z]\w*__c)\.(CREATE|UPDATE|DELETE|UNDELETE)")
"""Salesforce's own objects begin with a capital letter, those of an org as whoever made them liked."""


class EventRule(Strict):
    """`on`: an event type (`contact.creation`, `deal.propertyChange`) or `*`; `property` narrows it."""

    on: str = Field(min_length=1)
    property: str = ""
    do: Literal["decide", "sync", "job", "journey"] = "decide"
    """decide: decide about who it is about and write what was decided; sync: one sync alone; job: a Dagster
    job; journey: the person enters a journey of Marketing Cloud."""
    name: str = ""
    """Of the sync or the job; the key of the journey."""

    @field_validator("on")
    @classmethod
    def _is_an_event(cls, value: str) -> str:
        if value == "*" or _OF_HUBSPOT.fullmatch(value) or _OF_SALESFORCE.fullmatch(value):
            return value
        raise ValueError(
            f"no CRM sends an event {value}; write contact.creation, deal.propertyChange, Lead.UPDATE or *"
        )

    @model_validator(mode="after")
    def _names_what(self) -> EventRule:
        if (self.do == "decide") == bool(self.name):
            raise ValueError("name goes with do: sync, job and journey, and only with them")
        return self


class EventsFile(Strict):
    """The whole file."""

    poll_every: Duration = parse("30s")
    """Without a public address, and for what has no webhook, the CRMs are asked this often for people that
    are new or changed, and for forms."""
    refresh_every: Duration = parse("5m")
    """Everything else is read, clocks are looked at and what was missed is found this often."""
    events: tuple[EventRule, ...] = (EventRule(on="*"),)

    @model_validator(mode="after")
    def _clocks_are_looked_at(self) -> EventsFile:
        if self.refresh_every > parse("5m"):
            raise ValueError("refresh_every is at most 5m: clocks are looked at then")
        if self.poll_every > self.refresh_every:
            raise ValueError("poll_every is at most refresh_every")
        return self


def unheard(file: EventsFile, *, webhooks: bool, changes: bool) -> list[str]:
    """A sentence for each rule whose events do not come here: a look at the CRMs finds people, no events."""
    found = []
    for rule in file.events:
        comes = (webhooks and not _OF_SALESFORCE.fullmatch(rule.on)) or (
            changes and not _OF_HUBSPOT.fullmatch(rule.on)
        )
        if rule.do != "decide" and not comes:
            need = "webhooks (--port)" if not _OF_SALESFORCE.fullmatch(rule.on) else "change events"
            found.append(f"{rule.do} {rule.name} is set off by nothing: {rule.on} comes by {need} alone")
    return found


def load_events(config_dir: Path) -> EventsFile:
    """Read and validate `events.yml`; a team's folder need not have one."""
    return load_if_there(config_dir / "events.yml", EventsFile)
