"""The business behind the default world as plain data, before any CRM has seen it."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.worlds.names import CampaignKind, Place
from sandbox.worlds.reps import Rep


@dataclass(slots=True)
class Company:
    key: int
    name: str
    legal: str
    domain: str
    industry: int
    employees: int
    revenue: int
    place: Place
    created: int
    rep: Rep


@dataclass(slots=True)
class Campaign:
    key: int
    name: str
    kind: CampaignKind
    start: int
    end: int
    budget: int
    spend: int
    utm: str
    currency: str
    """What budget and spend are in."""
    held: int | None
    """When it takes place, if it is something to come to."""


@dataclass(slots=True)
class Person:
    key: int
    first: str
    last: str
    email: str
    title: str
    phone: str
    company: Company | None
    created: int
    origin: str
    campaign: Campaign | None
    rep: Rep | None
    stages: dict[str, int] = field(default_factory=dict)
    in_hubspot: bool = True
    in_salesforce: bool = True
    opted_out: bool = False
    untouched: bool = False
    """Of a company that marketing never reached: bought as a list, called by sales, no answer to anything."""


@dataclass(slots=True)
class Moment:
    """A deal as it stood from `at` on. `progress` runs from 0 to 1; won and lost are 2 and -1."""

    at: int
    progress: float
    amount: int
    close: int
    rep: Rep


@dataclass(slots=True)
class Deal:
    key: int
    name: str
    company: Company
    contacts: list[Person]
    currency: str
    moments: list[Moment]
    repeat: bool
    in_hubspot: bool = True
    in_salesforce: bool = True

    @property
    def created(self) -> int:
        return self.moments[0].at

    @property
    def last(self) -> Moment:
        return self.moments[-1]


@dataclass(slots=True)
class Business:
    """All of it, or a region: the companies, people and deals of one, and the campaigns of all."""

    now: int
    companies: list[Company]
    campaigns: list[Campaign]
    people: list[Person]
    deals: list[Deal]
