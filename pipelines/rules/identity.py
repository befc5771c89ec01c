"""What `config/identity.yml` may say: which addresses identify a person, and whose value wins.

Belongs here: the model of that file. The matching itself is in `pipelines.identity` and the dbt models
around it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from pipelines.rules.loader import Strict, load

RecordSource = Literal[
    "hubspot.contacts", "hubspot.companies", "hubspot.deals",
    "salesforce.Lead", "salesforce.Contact", "salesforce.Account", "salesforce.Opportunity",
]  # fmt: skip
MergedObject = Literal[
    "hubspot.contacts", "hubspot.companies", "salesforce.Lead", "salesforce.Contact", "salesforce.Account"
]
Entity = Literal["person", "account", "opportunity"]
Agreement = Literal["account", "name", "amount", "close_date", "contact"]
FieldRule = Literal["order", "most_recent", "longest"] | tuple[RecordSource, ...]
_OBJECTS: dict[str, frozenset[str]] = {
    "person": frozenset({"hubspot.contacts", "salesforce.Lead", "salesforce.Contact"}),
    "account": frozenset({"hubspot.companies", "salesforce.Account"}),
    "opportunity": frozenset({"hubspot.deals", "salesforce.Opportunity"}),
}
# What each is made of: a rule for any other field would be followed by nobody.
FIELDS: dict[str, frozenset[str]] = {
    "person": frozenset({
        "email", "first_name", "last_name", "phone", "company_name", "job_title", "city", "state", "country",
        "industry", "account", "owner",
    }),
    "account": frozenset({
        "name", "domain", "industry", "employees", "annual_revenue", "city", "state", "country", "owner",
    }),
    "opportunity": frozenset({"amount", "stage", "close_date", "owner"}),
}  # fmt: skip


class EmailPolicy(Strict):
    plus_tags: Literal["strip", "keep"]
    role_local_parts: tuple[str, ...]
    placeholder_addresses: tuple[str, ...]
    placeholder_domains: tuple[str, ...]


class CompanyPolicy(Strict):
    free_domains: tuple[str, ...]


class Keys(Strict):
    person: tuple[Literal["merge", "conversion", "connector", "mirrored", "email", "phone"], ...]
    account: tuple[Literal["merge", "connector", "mirrored", "domain", "name"], ...]
    opportunity: tuple[Literal["merge", "connector", "mirrored", "composite"], ...]


class Matching(Strict):
    join_from: float = Field(gt=0.5, le=1)
    review_from: float = Field(gt=0.01, le=1)
    most_records_per_key: int = Field(ge=2)
    most_names_per_key: int = Field(ge=1)
    largest_block: int = Field(ge=2, le=1_000)

    @model_validator(mode="after")
    def reviews_what_it_does_not_join(self) -> Matching:
        if self.review_from > self.join_from:
            raise ValueError("review_from is above join_from")
        return self


class Deals(Strict):
    merge_when: tuple[tuple[Agreement, ...], ...]
    review_when: int = Field(ge=1, le=5)

    @field_validator("merge_when")
    @classmethod
    def is_exact_enough(cls, value: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
        """Fewer than three agreements is a guess, and a guess merges nothing."""
        if any(len(set(line)) < 3 for line in value):
            raise ValueError("each line names three agreements or more")
        return value


class Survivorship(Strict):
    person: tuple[RecordSource, ...] = Field(min_length=1)
    account: tuple[RecordSource, ...] = Field(min_length=1)
    opportunity: tuple[RecordSource, ...] = Field(min_length=1)
    fields: dict[Entity, dict[str, FieldRule]] = Field(default_factory=dict)

    @field_validator("person", "account", "opportunity")
    @classmethod
    def names_each_object_once(cls, value: tuple[str, ...], info: object) -> tuple[str, ...]:
        """An object left out would have no place in the order: its values would win or lose by accident."""
        entity = getattr(info, "field_name", "")
        if frozenset(value) != _OBJECTS[entity] or len(value) != len(_OBJECTS[entity]):
            raise ValueError(f"name each of {', '.join(sorted(_OBJECTS[entity]))} once")
        return value

    @field_validator("fields")
    @classmethod
    def names_fields_and_sources_that_exist(
        cls, value: dict[str, dict[str, FieldRule]]
    ) -> dict[str, dict[str, FieldRule]]:
        for entity, rules in value.items():
            for field, rule in rules.items():
                if field not in FIELDS[entity]:
                    known = ", ".join(sorted(FIELDS[entity]))
                    raise ValueError(f"{entity} has no field {field}; there are {known}")
                if not isinstance(rule, str) and (
                    len(set(rule)) != len(rule) or not _OBJECTS[entity].issuperset(rule)
                ):
                    known = ", ".join(sorted(_OBJECTS[entity]))
                    raise ValueError(f"{entity}.{field}: name each source once, of {known}")
        return value


class Merges(Strict):
    """Which likely duplicates a plan proposes to merge in their CRM, and how many at once."""

    objects: tuple[MergedObject, ...] = ()
    probability_from: float = Field(default=0.99, ge=0.9, le=1)
    at_most: int = Field(default=25, ge=1, le=10_000)


class Identity(Strict):
    keys: Keys
    matching: Matching
    must_link: tuple[tuple[str, str], ...] = ()
    cannot_link: tuple[tuple[str, str], ...] = ()
    deals: Deals
    email: EmailPolicy
    company: CompanyPolicy
    survivorship: Survivorship
    merges: Merges = Field(default_factory=Merges)


def load_identity(config_dir: Path) -> Identity:
    return load(config_dir / "identity.yml", Identity)
