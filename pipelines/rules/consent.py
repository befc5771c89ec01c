"""`config/consent.yml`: what people are written to for, and where each CRM keeps what they said of it.

Belongs here: what the file may say. Whether the CRMs have what it names is `consent_tables`, the syncs that
carry refusals are `consent_syncs`; what a refusal means is worked out in dbt.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import Field, field_validator, model_validator

from pipelines.rules.loader import Document, Strict, load_if_there, read
from pipelines.rules.syncs import Vendor

FILE = "consent.yml"
SalesforceObject = Literal["Lead", "Contact"]
_PERSONS: tuple[SalesforceObject, ...] = ("Lead", "Contact")


class Place(NamedTuple):
    """Where a vendor keeps a purpose: the subscription type, list or checkbox as the file names it."""

    purpose: str
    vendor: Vendor
    object: str
    name: str
    loc: tuple[str | int, ...]
    """Where in the file it stands."""


class Purpose(Strict):
    """What people are written to for, and its place at each vendor that has one."""

    hubspot: str = ""
    """A subscription type, by its name or id."""
    marketing_cloud: tuple[str, ...] = ()
    """Lists, each by its name, key or id."""
    salesforce: dict[SalesforceObject, str] = Field(default_factory=dict)
    """A checkbox that is ticked where somebody refuses."""

    @field_validator("hubspot", mode="before")
    @classmethod
    def _an_id_is_text(cls, value: Any) -> Any:
        return _text(value)

    @field_validator("marketing_cloud", mode="before")
    @classmethod
    def _one_list_or_more(cls, value: Any) -> Any:
        return tuple(map(_text, value)) if isinstance(value, list) else (_text(value),)

    @field_validator("salesforce", mode="before")
    @classmethod
    def _the_same_on_both(cls, value: Any) -> Any:
        return dict.fromkeys(_PERSONS, value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _has_a_place(self) -> Purpose:
        named = [*self.marketing_cloud, *self.salesforce.values(), *([self.hubspot] if self.hubspot else [])]
        if not named or not all(name.strip() for name in named):
            raise ValueError("a purpose needs its place: hubspot, marketing_cloud or salesforce")
        return self


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Consent(Strict):
    """The whole file."""

    purposes: dict[str, Purpose] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _well_named(self) -> Consent:
        strange = [name for name in self.purposes if not _is_name(name)]
        if strange:
            raise ValueError(f"the purpose {strange[0]!r} may have small letters, digits and _ alone")
        seen: dict[tuple[str, str, str], str] = {}
        for place in self.places():
            here = (place.vendor, place.object, place.name.casefold())
            if here in seen:
                raise ValueError(f"{place.name} stands for two purposes: {seen[here]} and {place.purpose}")
            seen[here] = place.purpose
        return self

    def places(self) -> Iterator[Place]:
        """Every place of every purpose."""
        for name, purpose in self.purposes.items():
            loc = ("purposes", name)
            if purpose.hubspot:
                yield Place(name, "hubspot", "subscription-statuses", purpose.hubspot, (*loc, "hubspot"))
            for number, each in enumerate(purpose.marketing_cloud):
                yield Place(
                    name, "marketing_cloud", "ListSubscriber", each, (*loc, "marketing_cloud", number)
                )
            for kind, field in purpose.salesforce.items():
                yield Place(name, "salesforce", kind, field, (*loc, "salesforce", kind))


def _is_name(text: str) -> bool:
    return text.isascii() and text.replace("_", "a").isalnum() and text == text.lower() and text[0].isalpha()


def load_consent(config_dir: Path) -> Consent:
    """The file's, or none where a team's own config has no such file."""
    return load_if_there(config_dir / FILE, Consent)


def document(config_dir: Path) -> Document:
    """The file with its lines, for saying where something stands."""
    return read(config_dir / FILE)
