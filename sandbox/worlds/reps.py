"""Who sells at Northwind: constants, the same for every seed and size.

Each rep and manager is a HubSpot owner and a Salesforce user with the same e-mail address; teams in
`config/teams.yml` name them by it. Nothing is drawn at random here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

DOMAIN = "northwind.example"
HEADQUARTERS = "America/New_York"
"""The zone of the company, whose days are those of its Salesforce org."""


@dataclass(frozen=True)
class Rep:
    """A person who owns records; `manager` is the e-mail of who they report to."""

    first: str
    last: str
    segment: str
    time_zone: str
    currency: str
    manager: str = ""

    @cached_property
    def email(self) -> str:
        return f"{self.first}.{self.last}@{DOMAIN}".lower()

    @property
    def is_manager(self) -> bool:
        return not self.manager


def _email(name: str) -> str:
    return f"{name}@{DOMAIN}"


_NA, _EU, _UK = _email("dana.whitfield"), _email("matteo.ricci"), _email("harriet.osborne")

MANAGERS: tuple[Rep, ...] = (
    Rep("Dana", "Whitfield", "management", "America/New_York", "USD"),
    Rep("Matteo", "Ricci", "management", "Europe/Rome", "EUR"),
    Rep("Harriet", "Osborne", "management", "Europe/London", "GBP"),
)

REPS: tuple[Rep, ...] = (
    Rep("Maya", "Okafor", "enterprise", "America/New_York", "USD", _NA),
    Rep("Tobias", "Lindqvist", "enterprise", "Europe/Stockholm", "EUR", _EU),
    Rep("Priya", "Raman", "enterprise", "Europe/London", "GBP", _UK),
    Rep("Carlos", "Mendes", "enterprise", "America/Chicago", "USD", _NA),
    Rep("Hannah", "Vogel", "enterprise", "Europe/Berlin", "EUR", _EU),
    Rep("Jonah", "Pike", "mid-market", "America/Chicago", "USD", _NA),
    Rep("Elena", "Marchetti", "mid-market", "Europe/Rome", "EUR", _EU),
    Rep("Grace", "Adeyemi", "mid-market", "Europe/London", "GBP", _UK),
    Rep("Lucas", "Moreau", "mid-market", "Europe/Paris", "EUR", _EU),
    Rep("Sofia", "Delgado", "mid-market", "America/Denver", "USD", _NA),
    Rep("Ben", "Whitaker", "nurture", "America/Los_Angeles", "USD", _NA),
    Rep("Aisha", "Rahman", "nurture", "Europe/London", "GBP", _UK),
    Rep("Noah", "Bergstrom", "nurture", "America/New_York", "USD", _NA),
    Rep("Ines", "Carvalho", "nurture", "Europe/Lisbon", "EUR", _EU),
)

STAFF: tuple[Rep, ...] = MANAGERS + REPS
