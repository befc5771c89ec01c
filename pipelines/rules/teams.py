"""`config/teams.yml`: people, teams, territories and queues.

Belongs here: what the file may say, and that what it names is there. Whether a person is there to take a lead
is decided against the CRMs' own users in `pipelines.decisions`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import Field, field_validator, model_validator

from pipelines.errors import ConfigError
from pipelines.rules.calendars import Calendars, load_calendars
from pipelines.rules.consent import load_consent
from pipelines.rules.hours import Hours, Zone, week
from pipelines.rules.loader import Document, Strict, read

Method = Literal["round-robin", "weighted", "capacity-based", "load-balanced"]
Outside = Literal["hold", "pass", "ignore"]


class TeamMember(NamedTuple):
    """A person on a team; `position` is the place in the round, `weight` their turns in one."""

    team: str
    email: str
    position: int
    weight: int
    active: bool


class Named(Strict):
    """What is known of a person wherever they are named: a team may say it too, but not otherwise."""

    zone: Zone | None = None
    hours: str | Hours | None = None
    """The name of hours in calendars.yml, or hours."""
    holidays: str | None = None

    @field_validator("hours", mode="before")
    @classmethod
    def _named_or_written(cls, value: object) -> object:
        is_written = isinstance(value, dict) or value == "always"
        return week(value) if is_written else value


class Person(Named):
    """A person who takes leads."""

    manager: str | None = None
    backup: str | None = None
    """Who takes what is theirs by name (their accounts, their leads) while they are away."""
    weight: int = Field(default=1, ge=1, le=100)
    cap: int | None = Field(default=None, ge=0)
    """Open, un-worked leads they can have at once."""
    per_day: int | None = Field(default=None, ge=1)
    """Leads they are given in a day of their own zone, at most."""
    per_week: int | None = Field(default=None, ge=1)
    skills: frozenset[str] = frozenset()
    """Skills and languages that a rule may ask for."""
    active: bool = True
    hubspot_owner: str | None = None
    salesforce_user: str | None = None
    """Their ids, where the e-mail address does not find them."""
    slack: str | None = None
    meeting_link: str | None = None
    sends_sequences: bool = True
    """False of who has no inbox connected to HubSpot, or no seat with sequences: HubSpot tells nobody before
    it is asked to send."""

    @field_validator("manager", "backup")
    @classmethod
    def _lower(cls, value: str | None) -> str | None:
        return value.strip().lower() if value else None


class Member(Named):
    """A person as a team names one. Without `position`, the place in the list counts."""

    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    position: int | None = Field(default=None, ge=1)
    weight: int | None = Field(default=None, ge=1, le=100)
    active: bool = True

    @field_validator("email")
    @classmethod
    def _lower(cls, value: str) -> str:
        return value.strip().lower()


class Team(Strict):
    """A team and its people."""

    members: tuple[Member, ...]
    manager: str | None = None
    outside_hours: Outside | None = None
    """Nobody's hours are open: hold the lead until somebody's are, pass it to the backup team if that is
    awake, or ignore hours. A team that says nothing ignores them when none of its people has hours.
    """
    catch_up: bool = False
    """After an absence a member is given what they missed, one more lead in a round; otherwise they keep the
    place they had."""
    everyone_away: Literal["hold", "ignore"] = "hold"
    """All are absent and the backup team has nobody: hold the lead, or give it to them anyway."""
    backup: str | None = None
    """The team that is asked when everybody is full, away or (with `pass`) asleep."""
    meeting_link: str | None = None
    slack: str | None = None

    @field_validator("members", mode="before")
    @classmethod
    def _by_address(cls, value: object) -> object:
        if not value:
            raise ValueError("a team without people would hold every lead it is given; name its members")
        return (
            [{"email": m} if isinstance(m, str) else m for m in value] if isinstance(value, list) else value
        )

    @field_validator("manager")
    @classmethod
    def _lower(cls, value: str | None) -> str | None:
        return value.strip().lower() if value else None

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

    @property
    def in_order(self) -> tuple[Member, ...]:
        return tuple(sorted(self.members, key=lambda m: m.position or 0))


class Territory(Strict):
    """A part of the market. Of several that a lead is in, the one of greatest priority counts, then the
    first.
    """

    name: str = Field(min_length=1)
    when: str
    priority: int = 0
    team: str | None = None
    owner: str | None = None
    method: Method = "round-robin"

    @field_validator("owner")
    @classmethod
    def _lower(cls, value: str | None) -> str | None:
        return value.strip().lower() if value else None

    @model_validator(mode="after")
    def _has_people(self) -> Territory:
        if (self.team is None) == (self.owner is None):
            raise ValueError(f"territory {self.name} needs a team or an owner, one of them")
        return self


class Queue(Strict):
    """A queue that leads wait or are nurtured in, and what it is in each system."""

    salesforce_queue: str | None = None
    hubspot_list: str | None = None
    hubspot_sequence: str | None = None
    sender: str | None = None
    """Whose inbox a sequence is sent from; without it the person's owner."""
    journey: str | None = None
    purpose: str = ""
    """Of `consent.yml`, that its list, sequence or journey writes for: who refuses it is not put there."""

    @model_validator(mode="after")
    def _is_something(self) -> Queue:
        if not (self.salesforce_queue or self.hubspot_list or self.hubspot_sequence or self.journey):
            raise ValueError(
                "say what the queue is: salesforce_queue, hubspot_list, hubspot_sequence or journey"
            )
        return self


class TeamsFile(Strict):
    """The whole file."""

    people: dict[str, Person] = Field(default_factory=dict)
    teams: dict[str, Team]
    territories: tuple[Territory, ...] = ()
    queues: dict[str, Queue] = Field(default_factory=dict)

    @field_validator("people", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {str(email).strip().lower(): person or {} for email, person in value.items()}


class Teams(NamedTuple):
    """`teams.yml` with the calendars it names; every person that a team names is in `people`."""

    people: dict[str, Person]
    teams: dict[str, Team]
    territories: tuple[Territory, ...]
    queues: dict[str, Queue]
    calendars: Calendars

    @property
    def members(self) -> tuple[TeamMember, ...]:
        """Everyone, in the order of the file and, within a team, of the round."""
        return tuple(
            TeamMember(
                name,
                member.email,
                member.position or place,
                member.weight or self.people[member.email].weight,
                member.active and self.people[member.email].active,
            )
            for name, team in self.teams.items()
            for place, member in enumerate(team.in_order, start=1)
        )

    @property
    def no_senders(self) -> frozenset[str]:
        """Who sends no sequences."""
        return frozenset(email for email, person in self.people.items() if not person.sends_sequences)

    def manager_of(self, email: str | None, team: str) -> str | None:
        """Who answers for a person's leads: their own manager, or else their team's."""
        person, named = self.people.get(email or ""), self.team_of(email, team)
        return (person.manager if person else None) or (named.manager if named else None)

    def team_of(self, email: str | None, name: str) -> Team | None:
        """The team of this name; where none is named, the first that the person is on."""
        if name:
            return self.teams.get(name)
        return next((t for t in self.teams.values() if any(m.email == email for m in t.members)), None)


def load_teams(config_dir: Path) -> Teams:
    """Read and validate `teams.yml` with `calendars.yml`; whatever they name has to be there."""
    document = read(config_dir / "teams.yml")
    file, calendars = document.as_model(TeamsFile), load_calendars(config_dir)
    people = _people(document, file)
    for loc, fault in _faults(file, people, calendars, load_consent(config_dir).purposes):
        raise ConfigError(
            fault,
            where=f"teams.yml line {document.line_of(*loc)}",
            remedy="mend that line or add what it names",
        )
    for absence in calendars.absences:
        if absence.person not in people:
            raise ConfigError(
                f"the absence of {absence.person}, who is on no team", where="calendars.yml",
                remedy="mend the address, or name the person in teams.yml",
            )  # fmt: skip
    return Teams(people, file.teams, file.territories, file.queues, calendars)


Fault = tuple[tuple[int | str, ...], str]


def _people(document: Document, file: TeamsFile) -> dict[str, Person]:
    """Everyone who is named, with what teams say of their zone and hours. Two teams may not disagree."""
    people = {email: person.model_dump() for email, person in file.people.items()}
    said_by: dict[tuple[str, str], str] = {}
    for name, team in file.teams.items():
        for place, member in enumerate(team.members):
            known = people.setdefault(member.email, {})
            for key in ("zone", "hours", "holidays"):
                value = getattr(member, key)
                if value is None:
                    continue
                if known.get(key) not in (None, value):
                    other = said_by.get((member.email, key), "people")
                    raise ConfigError(
                        f"{member.email} has other {key} in team {name} than in {other}; a person "
                        "works in one set "
                        "of hours, and which would count is not said",
                        where=f"teams.yml line {document.line_of('teams', name, 'members', place)}",
                        remedy="say them once, under people",
                    )
                known[key] = value
                said_by[member.email, key] = f"team {name}"
    return {email: Person.model_validate(known) for email, known in people.items()}


def _faults(
    file: TeamsFile, people: dict[str, Person], calendars: Calendars, purposes: Collection[str]
) -> Iterator[Fault]:
    for email, person in people.items():
        loc = ("people", email)
        if isinstance(person.hours, str) and person.hours not in calendars.hours:
            yield loc, f"{email} works in hours {person.hours}, which calendars.yml does not have"
        if person.hours is not None and person.zone is None:
            yield loc, f"{email} has hours and no zone"
        if person.holidays is not None and person.holidays not in calendars.holidays:
            yield loc, f"{email} has the holidays of {person.holidays}, which calendars.yml does not have"
        for role in ("manager", "backup"):
            if (other := getattr(person, role)) is not None and other not in people:
                yield loc, f"the {role} of {email} is {other}, whom teams.yml does not name"
    for name, team in file.teams.items():
        if team.backup is not None and team.backup not in file.teams:
            yield (
                ("teams", name),
                f"the backup of team {name} is {team.backup}, which teams.yml does not have",
            )
        if team.manager is not None and team.manager not in people:
            yield (
                ("teams", name),
                f"the manager of team {name} is {team.manager}, whom teams.yml does not name",
            )
        if not any(m.active and people[m.email].active for m in team.members):
            yield ("teams", name), f"team {name} has no active people, so its leads would all be held"
    names = [territory.name for territory in file.territories]
    for place, territory in enumerate(file.territories):
        if names.count(territory.name) > 1:
            yield ("territories", place), f"two territories are called {territory.name}"
        if territory.team is not None and territory.team not in file.teams:
            yield (
                ("territories", place),
                (
                    f"territory {territory.name} belongs to team {territory.team}, which "
                    "teams.yml does not have"
                ),
            )
        if territory.owner is not None and territory.owner not in people:
            yield (
                ("territories", place),
                (f"territory {territory.name} belongs to {territory.owner}, whom teams.yml does not name"),
            )
    for name, queue in file.queues.items():
        if name in file.teams:
            yield ("queues", name), f"{name} is a team and a queue"
        if queue.purpose and queue.purpose not in purposes:
            said = f"queue {name} writes for {queue.purpose}, which is no purpose of consent.yml"
            yield ("queues", name, "purpose"), said
        if queue.sender is not None and queue.sender.lower() not in people:
            yield ("queues", name), f"queue {name} sends for {queue.sender}, whom teams.yml does not name"
        elif queue.sender and queue.hubspot_sequence and not people[queue.sender.lower()].sends_sequences:
            yield ("queues", name, "sender"), f"queue {name} sends for {queue.sender}, who sends no sequences"
