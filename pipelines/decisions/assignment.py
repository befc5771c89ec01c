"""Assignment: leads in arrival order, the people who can take them, and whose turn it is. A pure fold.

Belongs here: no table, no clock, no file. The same leads, rules, people and earlier decisions give the same
assignments, whatever order they come in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

_FAR = "9999"


class Lead(NamedTuple):
    """A person without an owner, and the index of the first rule whose condition holds (None: none does)."""

    person_id: str
    created_at: datetime | None
    rule: int | None


class Turn(NamedTuple):
    """A place in a team's round."""

    email: str
    position: int


class Round(NamedTuple):
    """A rule as assignment sees it: its name, its team, and who is on that team, in order."""

    rule: str
    team: str
    members: tuple[Turn, ...]


class Assignment(NamedTuple):
    """Who got the lead (None: nobody, for the reason given)."""

    person_id: str
    team: str
    owner_email: str | None
    rule: str
    reason: str


def assign(
    leads: Iterable[Lead],
    rounds: Sequence[Round],
    available: frozenset[str],
    last_of_team: Mapping[str, str],
) -> list[Assignment]:
    """Give each lead to the next available member of its rule's team, or hold it with a reason.

    `last_of_team` is who got the team's latest lead before these: the round goes on after them.
    """
    last = dict(last_of_team)
    found = []
    for lead in sorted(leads, key=_arrival):
        if lead.rule is None:
            found.append(Assignment(lead.person_id, "", None, "", "no rule matches"))
            continue
        turn = rounds[lead.rule]
        member = _next(turn.members, available, last.get(turn.team))
        if member is None:
            reason = f"nobody on team {turn.team} is available"
            found.append(Assignment(lead.person_id, turn.team, None, turn.rule, reason))
            continue
        last[turn.team] = member
        reason = f"rule {turn.rule}: next in the round of team {turn.team}"
        found.append(Assignment(lead.person_id, turn.team, member, turn.rule, reason))
    return found


def _next(members: Sequence[Turn], available: frozenset[str], last: str | None) -> str | None:
    """The first available member after `last` in the round, going round once."""
    there = [member for member in members if member.email in available]
    if not there:
        return None
    place = next((member.position for member in members if member.email == last), 0)
    return next((member.email for member in there if member.position > place), there[0].email)


def _arrival(lead: Lead) -> tuple[str, str]:
    """Oldest first; a lead of unknown age comes last; ties by person id."""
    return (lead.created_at.isoformat() if lead.created_at is not None else _FAR, lead.person_id)
