"""Clocks in business time: who has waited too long for a first contact, who is warned, and who gets the lead
then.

Belongs here: a pure function of decisions, evidence, schedules and the clock.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from pipelines.decisions import office
from pipelines.rules.durations import text
from pipelines.rules.routing import Escalation
from pipelines.rules.teams import Teams
from pipelines.state.decisions import KeptDecision

CAUSE = "escalation"
HANDOFF = "handoff"


class Waiting(NamedTuple):
    """A lead that waits for its owner, and what follows. `to`: who gets it, or None when people are only
    told.
    """

    decision: KeptDecision
    root: str
    """The decision that began it: an escalation of an escalation is about the same wait."""
    level: int
    waited: str
    to: str | None
    kind: str
    """warning, acceptance, escalation."""


@dataclass(frozen=True)
class Clock:
    """How long a lead may wait, by routing.yml or by a handoff's sla."""

    timeout: timedelta
    action: str
    warn: tuple[timedelta, ...] = ()
    repeat: timedelta | None = None
    limit: int = 1
    business: bool = True
    acceptance: timedelta | None = None
    """How long a lead may wait until somebody takes it up; a status stops this and nothing else."""

    @classmethod
    def of(cls, rule: Escalation) -> Clock:
        return cls(rule.timeout, rule.action, rule.warn, rule.repeat, rule.limit, rule.clock == "business",
                   rule.acceptance)  # fmt: skip

    def timeout_at(self, level: int) -> timedelta | None:
        """How long the one who has it now may take; None when it moves no further."""
        return None if level >= self.limit else self.timeout if level == 0 else self.repeat


def has_clock(decision: KeptDecision) -> bool:
    """Whether somebody is to answer: a lead that is handed over, though it stays with who had it, too."""
    return decision.state == "assigned" or (decision.state == "kept" and decision.caused_by == HANDOFF)


def root_of(decision: KeptDecision) -> str:
    """`escalation:ROOT:2` belongs to ROOT."""
    return decision.event_key.split(":")[1] if decision.caused_by == CAUSE else decision.decision_id


def level_of(decision: KeptDecision) -> int:
    """How often the lead was passed on."""
    return int(decision.event_key.rsplit(":", 1)[1]) if decision.caused_by == CAUSE else 0


def clock_of(
    decision: KeptDecision, clocks: Mapping[str, Clock], contacts: Mapping[str, datetime],
    since: Mapping[str, datetime],
) -> Clock | None:  # fmt: skip
    """The clock that runs for a decision; None when none does, or contact has stopped it.

    `clocks` and `since`: by the rule of a handoff, which has its own, and `routing` for anything else, what
    a handoff's clock has passed on among it.
    """
    cause = decision.rule if decision.caused_by == HANDOFF else "routing"
    clock = clocks.get(cause)
    if clock is None or decision.decided_at < since[cause]:
        return None
    at = contacts.get(decision.person_id)
    return None if at is not None and at >= decision.decided_at else clock


def overdue(
    latest: Sequence[KeptDecision],
    clocks: Mapping[str, Clock],
    contacts: Mapping[str, datetime],
    teams: Teams,
    as_of: datetime,
    since: Mapping[str, datetime],
    accepted: Collection[str] = (),
) -> list[Waiting]:
    """Of the latest decision about each person: those whose clock has run out, or is to be warned about.

    `accepted`: people whom a status shows as taken up since.
    """
    found = []
    for decision in latest:
        clock = clock_of(decision, clocks, contacts, since)
        if clock is not None:
            found += _of(decision, clock, teams, as_of, decision.person_id in accepted)
    return found


def _of(
    decision: KeptDecision, clock: Clock, teams: Teams, as_of: datetime, is_accepted: bool
) -> list[Waiting]:
    seconds, level, root = waited(decision, clock, teams, as_of), level_of(decision), root_of(decision)
    timeout = clock.timeout_at(level)
    if timeout is not None and seconds >= timeout.total_seconds():
        to = _next(decision, clock, teams)
        return [Waiting(decision, root, level + 1, text(timeout), to, "escalation")]
    found = []
    if clock.acceptance is not None and not is_accepted and seconds >= clock.acceptance.total_seconds():
        found.append(Waiting(decision, root, level, text(clock.acceptance), None, "acceptance"))
    passed = [warn for warn in clock.warn if timeout is not None and seconds >= warn.total_seconds()]
    if passed:
        found.append(Waiting(decision, root, level, text(max(passed)), None, "warning"))
    return found


def waited(decision: KeptDecision, clock: Clock, teams: Teams, as_of: datetime) -> float:
    """Seconds since the decision, in the owner's working hours."""
    if not clock.business:
        return (as_of - decision.decided_at).total_seconds()
    schedule = office.schedule(teams, decision.owner_email)
    return schedule.business_seconds(decision.decided_at.timestamp(), as_of.timestamp())


def _next(decision: KeptDecision, clock: Clock, teams: Teams) -> str | None:
    """Who gets it: their manager, or backup; nobody where people are only told."""
    if clock.action == "notify-manager":
        return None
    person = teams.people.get(decision.owner_email)
    if clock.action == "reassign-to-backup" and person is not None and person.backup:
        return person.backup
    manager = teams.manager_of(decision.owner_email, decision.team)
    return manager if manager != decision.owner_email else None
