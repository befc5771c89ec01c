"""`config/consent.yml`: for which purpose a list of Marketing Cloud stands.

Belongs here: what the file may say, and its table. What a refusal means is worked out in dbt.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from pydantic import Field, model_validator

from pipelines.rules.loader import Strict, load_if_there
from pipelines.rules.rows import Columns, Rows

FILE = "consent.yml"


class Consent(Strict):
    """`lists`: a list by its name, key or id, and the purpose that whoever leaves it refuses: a subscription
    type of HubSpot, by its name or id, or one of its own."""

    lists: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _each_says_something(self) -> Consent:
        empty = [name for name, purpose in self.lists.items() if not (name.strip() and purpose.strip())]
        if empty:
            raise ValueError(f"the list {empty[0]!r} needs a purpose")
        if len({name.strip().casefold() for name in self.lists}) != len(self.lists):
            raise ValueError("a list stands twice")
        return self


def load_consent(config_dir: Path) -> Consent:
    """The file's, or none where a team's own config has no such file."""
    return load_if_there(config_dir / FILE, Consent)


def lists(rules: Consent) -> Rows:
    columns: Columns = (("list", pa.string()), ("purpose", pa.string()))
    return columns, [(name.strip().lower(), purpose.strip()) for name, purpose in rules.lists.items()]
