"""What `config/identity.yml` may say: which addresses identify a person, and whose value wins.

Belongs here: the model of that file. The matching itself is in `pipelines.identity` and the dbt models
around it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from pipelines.rules.loader import Strict, load

RecordSource = Literal[
    "hubspot.contacts", "hubspot.companies", "hubspot.deals",
    "salesforce.Lead", "salesforce.Contact", "salesforce.Account", "salesforce.Opportunity",
]  # fmt: skip
_OBJECTS: dict[str, frozenset[str]] = {
    "person": frozenset({"hubspot.contacts", "salesforce.Lead", "salesforce.Contact"}),
    "account": frozenset({"hubspot.companies", "salesforce.Account"}),
    "opportunity": frozenset({"hubspot.deals", "salesforce.Opportunity"}),
}


class EmailPolicy(Strict):
    plus_tags: Literal["strip", "keep"]
    role_local_parts: tuple[str, ...]
    placeholder_addresses: tuple[str, ...]
    placeholder_domains: tuple[str, ...]


class CompanyPolicy(Strict):
    free_domains: tuple[str, ...]


class Survivorship(Strict):
    person: tuple[RecordSource, ...] = Field(min_length=1)
    account: tuple[RecordSource, ...] = Field(min_length=1)
    opportunity: tuple[RecordSource, ...] = Field(min_length=1)

    @field_validator("person", "account", "opportunity")
    @classmethod
    def names_each_object_once(cls, value: tuple[str, ...], info: object) -> tuple[str, ...]:
        """An object left out would have no place in the order: its values would win or lose by accident."""
        entity = getattr(info, "field_name", "")
        if frozenset(value) != _OBJECTS[entity] or len(value) != len(_OBJECTS[entity]):
            raise ValueError(f"name each of {', '.join(sorted(_OBJECTS[entity]))} once")
        return value


class Identity(Strict):
    email: EmailPolicy
    company: CompanyPolicy
    survivorship: Survivorship


def load_identity(config_dir: Path) -> Identity:
    return load(config_dir / "identity.yml", Identity)
