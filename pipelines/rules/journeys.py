"""What `config/journeys.yml` may say: which segment enters which journey, and who leaves it.

Belongs here: the model of that file and its tables. Who is meant is worked out in dbt.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pyarrow as pa
from pydantic import Field, field_validator, model_validator

from pipelines.errors import ConfigError
from pipelines.rules.consent import load_consent
from pipelines.rules.loader import Strict, load_if_there, read
from pipelines.rules.stages import LifecycleName

if TYPE_CHECKING:
    from pipelines.rules.rows import Columns, Rows

FILE = "journeys.yml"


Sent = Literal["EmailAddress", "LeadScore", "LifecycleStage"]
"""What an entry's row holds of a person and may change."""


class Entry(Strict):
    """A segment, the event that is fired for each of it, and the journey the event starts."""

    name: str = Field(pattern=r"^[a-z0-9_]+$")
    event: str = Field(min_length=1)
    journey: str = Field(min_length=1)
    least_score: int = Field(default=0, ge=0, le=100)
    stages: tuple[LifecycleName, ...] = ()
    occurrence: Literal["once", "monthly"] = "once"
    purpose: str = ""
    """Of `consent.yml`, that the journey writes for: whoever refuses it does not come in, by any way."""
    keep_up: dict[Sent, float] = Field(default_factory=dict)
    """Which data of those who are in the journey is kept up to date, and what a number must differ by."""

    @field_validator("event")
    @classmethod
    def has_no_period(cls, event: str) -> str:
        if "." in event:
            raise ValueError("an event key has no period: Marketing Cloud refuses it")
        return event


class Exit(Strict):
    """Who is taken out: people in one of the stages, or (goal) those who have met the goal of another."""

    journey: str = Field(min_length=1)
    stages: tuple[LifecycleName, ...] = ()
    goal_of: str = ""
    """A journey: whoever has met its goal leaves this one."""

    @model_validator(mode="after")
    def says_who(self) -> Exit:
        if bool(self.stages) == bool(self.goal_of):
            raise ValueError("say stages or goal_of, one of them")
        return self


class Journeys(Strict):
    entries: tuple[Entry, ...] = ()
    exits: tuple[Exit, ...] = ()

    @model_validator(mode="after")
    def each_once(self) -> Journeys:
        said: dict[str, str] = {}
        for entry in self.entries:
            if entry.purpose and said.setdefault(entry.journey, entry.purpose) != entry.purpose:
                raise ValueError(f"{entry.journey} writes for {said[entry.journey]} and for {entry.purpose}")
        names = [entry.name for entry in self.entries]
        if len(set(names)) != len(names):
            raise ValueError("an entry's name stands twice")
        return self


def load_journeys(config_dir: Path) -> Journeys:
    """The file's, or none where a team's own config has no such file."""
    path = config_dir / FILE
    known, purposes = load_if_there(path, Journeys), load_consent(config_dir).purposes
    for place, entry in enumerate(known.entries):
        if entry.purpose and entry.purpose not in purposes:
            raise ConfigError(
                f"{entry.name} writes for {entry.purpose}, which is no purpose of consent.yml",
                where=f"{FILE} line {read(path).line_of('entries', place, 'purpose')}",
                remedy="mend that line, or name the purpose in consent.yml",
            )  # fmt: skip
    return known


def entries(rules: Journeys) -> Rows:
    columns: Columns = (
        ("name", pa.string()), ("event", pa.string()), ("journey", pa.string()), ("least_score", pa.int64()),
        ("stages", pa.list_(pa.string())), ("occurrence", pa.string()), ("purpose", pa.string()),
    )  # fmt: skip
    return columns, [
        (e.name, e.event, e.journey, e.least_score, list(e.stages), e.occurrence, e.purpose or None)
        for e in rules.entries
    ]


def exits(rules: Journeys) -> Rows:
    columns: Columns = (
        ("journey", pa.string()), ("stages", pa.list_(pa.string())), ("goal_of", pa.string()),
    )  # fmt: skip
    return columns, [(each.journey, list(each.stages), each.goal_of or None) for each in rules.exits]


def kept_up(rules: Journeys) -> Rows:
    """A row for each field of an entry that is kept up."""
    columns: Columns = (
        ("event", pa.string()), ("journey", pa.string()), ("field", pa.string()), ("band", pa.float64()),
    )  # fmt: skip
    return columns, [
        (e.event, e.journey, name, band) for e in rules.entries for name, band in e.keep_up.items()
    ]
