"""What `config/journeys.yml` may say: which segment enters which journey, and who leaves it.

Belongs here: the model of that file and its tables. Who is meant is worked out in dbt.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pyarrow as pa
from pydantic import Field, field_validator, model_validator

from pipelines.rules.loader import Strict, load
from pipelines.rules.rows import Columns, Rows

FILE = "journeys.yml"


class Entry(Strict):
    """A segment, the event that is fired for each of it, and the journey the event starts."""

    name: str = Field(pattern=r"^[a-z0-9_]+$")
    event: str = Field(min_length=1)
    journey: str = Field(min_length=1)
    least_score: int = Field(default=0, ge=0, le=100)
    stages: tuple[str, ...] = ()
    occurrence: Literal["once", "monthly"] = "once"

    @field_validator("event")
    @classmethod
    def has_no_period(cls, event: str) -> str:
        if "." in event:
            raise ValueError("an event key has no period: Marketing Cloud refuses it")
        return event


class Exit(Strict):
    journey: str = Field(min_length=1)
    stages: tuple[str, ...] = Field(min_length=1)


class Journeys(Strict):
    entries: tuple[Entry, ...] = ()
    exits: tuple[Exit, ...] = ()

    @model_validator(mode="after")
    def each_once(self) -> Journeys:
        names = [entry.name for entry in self.entries]
        if len(set(names)) != len(names):
            raise ValueError("an entry's name stands twice")
        return self


def load_journeys(config_dir: Path) -> Journeys:
    """The file's, or none where a team's own config has no such file."""
    path = config_dir / FILE
    return load(path, Journeys) if path.is_file() else Journeys()


def entries(rules: Journeys) -> Rows:
    columns: Columns = (
        ("name", pa.string()), ("event", pa.string()), ("journey", pa.string()), ("least_score", pa.int64()),
        ("stages", pa.list_(pa.string())), ("occurrence", pa.string()),
    )  # fmt: skip
    return columns, [
        (e.name, e.event, e.journey, e.least_score, list(e.stages), e.occurrence) for e in rules.entries
    ]


def exits(rules: Journeys) -> Rows:
    columns: Columns = (("journey", pa.string()), ("stages", pa.list_(pa.string())))
    return columns, [(each.journey, list(each.stages)) for each in rules.exits]
