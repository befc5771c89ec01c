"""`config/teams.yml`: who is on which team, by e-mail address.

Belongs here: what the file may say. Whether a person is there to take a lead is decided against the CRMs'
own users in `pipelines.decisions`.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from pydantic import Field, field_validator, model_validator

from pipelines.rules.loader import Strict, load


class TeamMember(NamedTuple):
    """A person on a team; `position` is the place in the round. Every member weighs the same."""

    team: str
    email: str
    position: int
    weight: int
    active: bool


class Member(Strict):
    """A person as the file names one. Without `position`, the place in the list counts."""

    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    position: int | None = Field(default=None, ge=1)
    active: bool = True

    @field_validator("email")
    @classmethod
    def _lower(cls, value: str) -> str:
        return value.strip().lower()


class Team(Strict):
    """A team and its people."""

    members: tuple[Member, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _distinct(self) -> Team:
        emails = [member.email for member in self.members]
        for email in emails:
            if emails.count(email) > 1:
                raise ValueError(f"{email} is named twice")
        places = [member.position for member in self.members if member.position is not None]
        if places and (len(places) != len(emails) or len(set(places)) != len(places)):
            raise ValueError("give every member a position of its own, or none of them")
        return self


class Teams(Strict):
    """The whole file."""

    teams: dict[str, Team]

    @property
    def members(self) -> tuple[TeamMember, ...]:
        """Everyone, in the order of the file and, within a team, of the round."""
        return tuple(
            TeamMember(name, member.email, member.position or place, 1, member.active)
            for name, team in self.teams.items()
            for place, member in enumerate(sorted(team.members, key=lambda m: m.position or 0), start=1)
        )


def load_teams(config_dir: Path) -> Teams:
    """Read and validate `teams.yml`."""
    return load(config_dir / "teams.yml", Teams)
