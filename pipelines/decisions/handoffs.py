"""Handoffs: whose score crosses the threshold, and what became of those that were offered.

Belongs here: pure functions over rows, and the questions that bring the rows. What is done about a handoff is
put together in `step`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import duckdb
import orjson

from pipelines.decisions.evidence import Status
from pipelines.decisions.ids import short
from pipelines.rules.handoff import ALWAYS, HandoffRule
from pipelines.state.handoffs import Handoff, Score

_PEOPLE = """
select l.person_id, l.lead_score, l.created_at, coalesce(s.position, 0), l.lifecycle_stage, {outside}
from marts.unified_leads l
left join (select canonical_stage, min(position) as position from rules.lifecycle group by 1) s
    on s.canonical_stage = l.lifecycle_stage
"""
_OPEN = ("offered", "accepted")


class Scored(NamedTuple):
    person_id: str
    score: float | None
    created_at: datetime | None
    position: int
    stage: str | None
    outside: Sequence[str] = ()
    """Conditions of handoffs that do not hold for them."""


class Crossing(NamedTuple):
    """Somebody is handed over."""

    rule: HandoffRule
    person_id: str
    handoff_id: str
    reason: str
    lead_score: int | None = None


def scored(
    connection: duckdb.DuckDBPyConnection, rules: Iterable[HandoffRule]
) -> tuple[list[Scored], dict[str, int]]:
    """Everybody with their score, and the position of each stage."""
    asked = sorted({rule.when for rule in rules} - {ALWAYS})
    cases = ", ".join(f"case when {when} then null else ? end" for when in asked)
    outside = f"list_filter([{cases}]::varchar[], lambda when_: when_ is not null)"
    rows = connection.execute(_PEOPLE.format(outside=outside), asked).fetchall()
    people = [Scored(*row) for row in rows]
    positions = dict(
        connection.execute("select canonical_stage, min(position) from rules.lifecycle group by 1").fetchall()
    )
    return people, positions


def crossings(
    rule: HandoffRule,
    people: Iterable[Scored],
    positions: Mapping[str, int],
    known: Mapping[tuple[str, str], Score],
    since: datetime,
) -> tuple[list[Crossing], list[Score]]:
    """Who crosses from below now, and everybody's new state. Those at or past the target stage do not.

    Somebody who was never looked at stood below if they came since the handoff is active, or its condition
    does not hold for them, and above otherwise.
    """
    target = None if rule.stage is None else positions.get(rule.stage, 0)
    found, scores = [], []
    for person in people:
        before = known.get((rule.name, person.person_id))
        is_new = person.created_at is not None and person.created_at >= since
        armed = before.is_armed if before else is_new or rule.when in person.outside
        count = before.crossings if before else 0
        if not _is_above(rule, person):
            armed = armed or _is_below(rule, person, positions)
        elif armed:
            armed = False
            if target is None or person.position < target:
                count += 1
                handoff_id = short(f"handoff:{rule.name}:{person.person_id}:{count}")
                score = None if person.score is None else round(person.score)
                found.append(Crossing(rule, person.person_id, handoff_id, _reason(rule, person), score))
        after = Score(rule.name, person.person_id, armed, count)
        if after != before:
            scores.append(after)
    return found, scores


def too_old(
    rule: HandoffRule, people: Iterable[Scored], positions: Mapping[str, int],
    known: Mapping[tuple[str, str], Score], since: datetime,
) -> int:  # fmt: skip
    """How many would be handed over, had they not stood above before the handoff was active: asked when they
    are looked at first."""
    return sum(
        (rule.name, each.person_id) not in known and _is_above(rule, each)
        and not (each.created_at is not None and each.created_at >= since)
        and (rule.stage is None or each.position < positions.get(rule.stage, 0))
        for each in people
    )  # fmt: skip


def is_past(rule: HandoffRule, position: int, positions: Mapping[str, int]) -> bool:
    """Whether somebody has gone further than a handoff brought them: past the stage that it sets. One that
    sets none and hands over at a stage brings them there, or to qualified by sales; one that goes by the
    score brings nobody anywhere."""
    if rule.stage is not None:
        return position > positions.get(rule.stage, 0)
    if rule.trigger.type != "stage":
        return False
    reached = (str(rule.trigger.value), "sales_qualified_lead")
    return position > max(positions.get(stage, 0) for stage in reached)


def looked_at(
    scores: Iterable[Score], would: Iterable[Crossing], known: Mapping[tuple[str, str], Score]
) -> list[Score]:
    """What is kept of a handoff in shadow: who stands below. Who crosses meanwhile does so once it is
    confirmed.
    """
    crossing = {c.person_id for c in would}
    return [
        Score(s.handoff, s.person_id, True, before.crossings if before else 0)
        if s.person_id in crossing
        else s
        for s in scores
        for before in [known.get((s.handoff, s.person_id))]
    ]


def settled(
    handoff: Handoff, rule: HandoffRule, statuses: Sequence[Status], contact: datetime | None, is_done: bool,
    as_of: datetime, run_id: str, *, is_past: bool = False,
) -> Handoff:  # fmt: skip
    """Where an open handoff stands now: accepted, rejected, expired; complete when all is done and sales was
    in touch. `is_past`: they have gone further than the handoff brought them, and are given back no more.
    """
    if handoff.state not in _OPEN:
        return handoff
    before = orjson.loads(handoff.statuses or "{}")
    fresh = [s for s in statuses if s.is_since(handoff.offered_at, before)]
    last = _last_answer(fresh, rule, handoff.offered_at)
    state, reason = handoff.state, handoff.reason
    if last in rule.rejected_statuses and not is_past:
        state, reason = "rejected", f"sales set the status to {last}"
    elif state == "offered" and (contact is not None or last in rule.accepted_statuses):
        state = "accepted"
    elif state == "offered" and as_of >= handoff.offered_at + rule.expires_after:
        state, reason = "expired", "nobody took it up in time"
    completed = handoff.completed_at
    if completed is None and state == "accepted" and contact is not None and is_done:
        completed = contact
    if (state, completed) == (handoff.state, handoff.completed_at):
        return handoff
    return handoff._replace(
        state=state, reason=reason, changed_at=as_of, completed_at=completed, run_id=run_id
    )


def _last_answer(fresh: Sequence[Status], rule: HandoffRule, offered_at: datetime) -> str | None:
    """What sales said last, where the CRMs say different things; no, where both were said at one moment."""
    answers = [s for s in fresh if s.value in rule.rejected_statuses or s.value in rule.accepted_statuses]
    told = [(s.changed_at or offered_at, s.value in rule.rejected_statuses, s.value) for s in answers]
    return max(told)[-1] if told else None


def _is_above(rule: HandoffRule, person: Scored) -> bool:
    if rule.when in person.outside:
        return False
    if rule.trigger.type == "stage":
        return person.stage == rule.trigger.value
    assert not isinstance(rule.trigger.value, str)
    return person.score is not None and person.score >= rule.trigger.value


def _is_below(rule: HandoffRule, person: Scored, positions: Mapping[str, int]) -> bool:
    """Far enough to cross again. Who was given back from a later stage comes from above, not from below."""
    if rule.trigger.type == "stage":
        return person.position < positions.get(str(rule.trigger.value), 0)
    assert not isinstance(rule.trigger.value, str)
    return person.score is None or person.score < rule.trigger.value - rule.trigger.hysteresis


def _reason(rule: HandoffRule, person: Scored) -> str:
    if rule.trigger.type == "stage":
        return f"Handoff {rule.name}: reached stage {person.stage}."
    return f"Handoff {rule.name}: the score reached {person.score:g} (threshold {rule.trigger.value:g})."
