"""Assignment: leads in the order in which they are decided, rules, people and their state. A pure fold.

Belongs here: no table, no clock, no file. The same leads, rules, people, state and end give the same
decisions, whatever order they come in. Which rule a lead meets was found before, in SQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from heapq import heappop, heappush
from typing import Any, Literal, NamedTuple

from pipelines.decisions.hours import FOREVER
from pipelines.decisions.people import Worker
from pipelines.decisions.pools import NOBODY, Pick, Pools, TeamRule
from pipelines.decisions.together import Order, Together

State = Literal["assigned", "queued", "kept", "held"]
Kind = Literal["team", "queue", "person", "territory"]


class Lead(NamedTuple):
    """A person about whom something is to be decided, and what was found out about them."""

    person_id: str
    event_key: str
    arrived_at: float
    at: float
    """The moment at which it is decided: never before it arrived."""
    rule: int | None
    territory: int | None = None
    account_owner: str | None = None
    previous_owner: str | None = None
    owner: str | None = None
    is_worked: bool = False
    may_be_enrolled: bool = True
    has_score: bool = True
    trigger: str = "new-lead"
    exclude: str | None = None
    """Who must not get it: a lead that is taken from somebody does not come back to them."""
    other_owner: str | None = None
    """Who has another record of a person whose owner has left."""


class Way(NamedTuple):
    """A rule as the fold sees it."""

    name: str
    target: str
    kind: Kind
    method: str
    prefer: tuple[str, ...] = ()
    skills: frozenset[str] = frozenset()
    moves_worked: bool = False


class Land(NamedTuple):
    """A territory as the fold sees it."""

    name: str
    team: str | None
    owner: str | None
    method: str


class Assignment(NamedTuple):
    """What was decided about a lead: who got it, or nobody, and why."""

    person_id: str
    event_key: str
    trigger: str
    rule: str
    team: str
    owner_email: str | None
    state: State
    reason: str
    decided_at: float
    held_until: float | None = None
    pool: str = ""


class Fold:
    """Goes through leads in order, with the people's state. `run` may be called for each batch of leads."""

    def __init__(
        self, ways: Sequence[Way], lands: Sequence[Land], teams: Mapping[str, TeamRule],
        workers: Mapping[str, Worker], kept: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        self.ways, self.lands = ways, lands
        self.workers = workers
        self.pools = Pools(teams, workers, kept or {})

    def run(self, leads: Iterable[Lead], until: float) -> list[Assignment]:
        """Decide about every lead up to `until`; one that waits for somebody's hours is decided when they
        open. Of what happened to one person and is decided at one moment, the rule that comes first decides
        who gets them, and the others keep to it.
        """
        known = list(leads)
        together = Together(known)
        arriving = sorted(known, key=together.order)
        arriving.reverse()
        waiting: list[tuple[Order, Lead]] = []
        found: list[Assignment] = []
        while arriving or waiting:
            from_waiting = waiting and (not arriving or waiting[0][0][0] <= arriving[-1].at)
            lead = heappop(waiting)[-1] if from_waiting else arriving.pop()
            decided = self._once(lead, together)
            opens = decided.held_until
            if opens is not None and decided.state == "held" and opens <= until:
                again = lead._replace(at=opens)
                heappush(waiting, (together.order(again), again))
            else:
                found.append(decided)
        return found

    def _once(self, lead: Lead, together: Together) -> Assignment:
        """One lead, unless at this moment its person was given to somebody or waits for their hours."""
        if lead.person_id not in together.people:
            return self.decide(lead)
        way = None if lead.rule is None else self.ways[lead.rule]
        first = together.decided.get((lead.person_id, lead.at))
        if first is None or (way is not None and way.kind == "queue"):
            decided = self.decide(lead)
            if decided.state == "assigned" or decided.held_until is not None:
                together.decided[lead.person_id, lead.at] = decided
            return decided
        name = "" if way is None else way.name
        if first.state == "assigned" and way is not None and lead.trigger == "owner-left":
            reason = (
                f"rule {name}: {lead.owner} has left, and {first.owner_email} is given them at this moment"
            )
            return _assigned(lead, way, first.team, first.owner_email or "", reason, first.pool)
        if first.state == "held":
            return _held(lead, name, first.team, first.reason, first.held_until)
        reason = f"{first.owner_email} is given them at the same moment by rule {first.rule}"
        return _kept(lead, name, first.owner_email, f"rule {name}: {reason}" if name else reason)

    def decide(self, lead: Lead) -> Assignment:
        """One lead, at its moment."""
        self.pools.advance(lead.at)
        if lead.rule is None:
            return _held(
                lead, "", "", "no rule matches" if lead.has_score else "no rule matches: it has no score"
            )
        way = self.ways[lead.rule]
        if lead.is_worked and not way.moves_worked:
            return _kept(
                lead, way.name, lead.owner, f"rule {way.name}: {lead.owner} is working on it, so it stays"
            )
        if lead.other_owner is not None:  # a person has one owner, and this is no new lead of theirs
            reason = f"rule {way.name}: {lead.owner} has left, and {lead.other_owner} has them too"
            return _assigned(lead, way, "", lead.other_owner, reason, "")
        if way.kind == "queue":
            return _queued(lead, way)
        preferred = self._preferred(lead, way)
        if preferred is not None:
            return preferred
        return self._by_rule(lead, way)

    def kept(self) -> dict[str, Any]:
        """The state of people and rotations, for the next run."""
        return self.pools.kept()

    # -- the ways ------------------------------------------------------------------------------------

    def _preferred(self, lead: Lead, way: Way) -> Assignment | None:
        """The account's owner, or who had the lead before: if they are there, or else their backup."""
        wanted = [*way.prefer, *([way.method] if way.method in ("account-owner", "sticky-owner") else [])]
        for what in dict.fromkeys(wanted):
            name = lead.account_owner if what == "account-owner" else lead.previous_owner
            said = "owns the account" if what == "account-owner" else "had this lead before"
            for email, also in self._with_backup(name):
                if email != lead.exclude and not self.pools.why_not(email):
                    return self._given(lead, way, "", email, f"rule {way.name}: {name} {said}{also}")
        return None

    def _with_backup(self, email: str | None) -> list[tuple[str, str]]:
        """Somebody, who stands in for them, who stands in for that one, and so on; and how that is said."""
        found: dict[str, str] = {}
        while email is not None and email in self.workers and email not in found:
            found[email] = f"; {email} stands in" if found else ""
            email = self.workers[email].backup
        return list(found.items())

    def _by_rule(self, lead: Lead, way: Way) -> Assignment:
        if way.kind == "territory":
            if lead.territory is None:
                return _held(lead, way.name, "", f"rule {way.name}: no territory matches")
            land = self.lands[lead.territory]
            if land.owner is not None:
                return self._to_person(lead, way, land.owner, f" (territory {land.name})")
            assert land.team is not None
            return self._to_team(lead, way, land.team, land.method, f" (territory {land.name})")
        if way.kind == "person":
            return self._to_person(lead, way, way.target, "")
        method = way.method if way.method not in ("account-owner", "sticky-owner") else "round-robin"
        return self._to_team(lead, way, way.target, method, "")

    def _to_person(self, lead: Lead, way: Way, email: str, also: str) -> Assignment:
        asked = [each for each in self._with_backup(email) if each[0] != lead.exclude]
        for candidate, stands_in in asked:
            if not self.pools.why_not(candidate):
                return self._given(lead, way, "", candidate, f"rule {way.name}: {candidate}{also}{stands_in}")
        opens = min((self.pools.opens_at(who, lead.at) for who, _ in asked), default=FOREVER)
        nor = f", nor {' or '.join(who for who, _ in asked if who != email)}" if len(asked) > 1 else ""
        return _held(
            lead, way.name, "", f"rule {way.name}: {email}{also} cannot take it now{nor}",
            opens if lead.at < opens < FOREVER else None,
        )  # fmt: skip

    def _to_team(self, lead: Lead, way: Way, team: str, method: str, also: str) -> Assignment:
        """The team, then its backup team, and so on; nobody is given what they cannot take."""
        asked: list[str] = []
        why: Pick = NOBODY
        opens = FOREVER
        current: str | None = team
        while current is not None and current not in asked:
            asked.append(current)
            picked = self.pools.pick(current, method, way.skills, lead.at, lead.exclude)
            if picked.email is not None:
                over = f" as backup of team {team}" if current != team else ""
                reason = f"rule {way.name}: {picked.how} of team {current}{over}{also}"
                return self._given(lead, way, current, picked.email, reason, picked.pool)
            why = picked if len(asked) == 1 else why
            opens = min(opens, picked.opens_at)
            current = self.pools.backup_of(current, picked.how)
        for name in asked:
            picked = self.pools.pick(name, method, way.skills, lead.at, lead.exclude, even_absent=True)
            if picked.email is not None:
                reason = f"rule {way.name}: {picked.how} of team {name}{also}"
                return self._given(lead, way, name, picked.email, reason, picked.pool)
        also += f", nor of its backup {' or '.join(asked[1:])}" if len(asked) > 1 else ""
        return _held(lead, way.name, team, f"nobody on team {team} is available{also}: {why.how}",
                     opens if opens < FOREVER else None)  # fmt: skip

    def _given(self, lead: Lead, way: Way, team: str, email: str, reason: str, pool: str = "") -> Assignment:
        self.pools.give(email, lead.at)
        return _assigned(lead, way, team, email, reason, pool)


def _assigned(lead: Lead, way: Way, team: str, email: str, reason: str, pool: str) -> Assignment:
    return Assignment(
        lead.person_id, lead.event_key, lead.trigger, way.name, team, email, "assigned", reason, lead.at,
        None, pool,
    )  # fmt: skip


def _queued(lead: Lead, way: Way) -> Assignment:
    if not lead.may_be_enrolled:
        return _held(
            lead, way.name, way.target, f"rule {way.name}: no consent or no address, so not enrolled"
        )
    return Assignment(lead.person_id, lead.event_key, lead.trigger, way.name, way.target, None, "queued",
                      f"rule {way.name}: enrolled in queue {way.target}", lead.at)  # fmt: skip


def _held(lead: Lead, rule: str, team: str, reason: str, until: float | None = None) -> Assignment:
    return Assignment(
        lead.person_id, lead.event_key, lead.trigger, rule, team, None, "held", reason, lead.at, until
    )


def _kept(lead: Lead, rule: str, owner: str | None, reason: str) -> Assignment:
    return Assignment(lead.person_id, lead.event_key, lead.trigger, rule, "", owner, "kept", reason, lead.at)
