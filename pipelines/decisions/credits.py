"""Leads that came to nothing that was the person's doing: they do not count in the rotation.

Belongs here: which decisions stand as credited now (nobody came to the meeting, it was called off, somebody
else was given the lead by hand), and what changed since the run before. A meeting that is booked again takes
its credit back. The rotation itself is `rounds`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import duckdb

from pipelines.decisions.meetings import MEETINGS_OF_PEOPLE
from pipelines.decisions.pools import Pools
from pipelines.state.decisions import KeptDecision

Cause = Literal["no-show", "canceled", "reassigned"]
_CAUSES: Mapping[str, Cause] = {"NO_SHOW": "no-show", "CANCELED": "canceled"}
_MEETINGS = f"""
with events as (
    select event_id, who_id, created_at, coalesce(outcome, 'SCHEDULED') as outcome
    from staging.stg_salesforce__events
    union all
    select event_id, who_id, created_at, 'CANCELED' from staging.stg_salesforce__canceled_events
),
met as (
    select m.person_id, coalesce(g.outcome, 'SCHEDULED') as outcome, g.created_at, g.meeting_id as id,
        'hubspot' as vendor
    from {MEETINGS_OF_PEOPLE}
    union all
    select m.person_id, e.outcome, e.created_at, e.event_id, 'salesforce'
    from events e
    join intermediate.int_person_records r on r.vendor = 'salesforce' and r.record_id = e.who_id
    join intermediate.int_person_members m on m.record_key = r.record_key
    join (select unnest($people::varchar[]) as person_id, unnest($since::timestamptz[]) as since) w
        on w.person_id = m.person_id and e.created_at >= w.since
)
select person_id, arg_max(outcome, (created_at, id)) from met
where vendor || ':' || id not in (select unnest($ours::varchar[])) group by person_id
"""
"""The outcome of the last meeting with each person since they were given to somebody, in either CRM."""
_OWNERS = """
select person_id, owner_id from marts.unified_leads
where owner_id is not null and list_contains($people::varchar[], person_id)
"""


class Change(NamedTuple):
    """A turn that is given back to somebody, or (`turns` -1) taken again."""

    pool: str
    owner_email: str
    turns: int


def standing(
    connection: duckdb.DuckDBPyConnection, decisions: Iterable[KeptDecision], causes: Sequence[Cause],
    ours: Iterable[tuple[str, str]] = (),
) -> dict[str, KeptDecision]:  # fmt: skip
    """Decision id -> the decision, of those that a rotation made and that are credited as things stand.
    `ours`: (vendor, id) of what this project made: a copy of a meeting does not say how it came out."""
    made = list(decisions)
    drawn = {person: d for person, d in _latest(made).items() if d.pool}
    if not drawn or not causes:
        return {}
    copies = [f"{vendor}:{record_id}" for vendor, record_id in ours]
    bound = {"people": list(drawn), "since": [d.decided_at for d in drawn.values()], "ours": copies}
    outcomes = dict(connection.execute(_MEETINGS, bound).fetchall())
    owners = dict(connection.execute(_OWNERS, {"people": list(drawn)}).fetchall())
    found = {}
    had = {(d.person_id, d.decided_at, d.previous_owner) for d in made}
    for person, decision in drawn.items():
        cause: Cause | None = _CAUSES.get(outcomes.get(person, ""))
        owner = owners.get(person, decision.owner_email)
        if owner != decision.owner_email and (person, decision.decided_at, owner) not in had:
            cause = "reassigned"
        if cause in causes:
            found[decision.decision_id] = decision
    return found


def changes(
    now: Mapping[str, KeptDecision], before: Iterable[str], decisions: Iterable[KeptDecision]
) -> list[Change]:
    """What is given back and what is taken again since the run before, in the order of the decisions. Once
    somebody was routed again, what was credited before that stays so."""
    known = set(before)
    given = [Change(d.pool, d.owner_email, 1) for key, d in now.items() if key not in known]
    taken = [
        Change(d.pool, d.owner_email, -1)
        for d in _latest(decisions).values() if d.decision_id in known and d.decision_id not in now
    ]  # fmt: skip
    return given + taken


def _latest(decisions: Iterable[KeptDecision]) -> dict[str, KeptDecision]:
    """Person -> the last decision that gave them to somebody."""
    return {d.person_id: d for d in decisions if d.state == "assigned"}


def credit(pools: Pools, made: Iterable[Sequence[Any]]) -> None:
    """Tell the rotations, before anything is decided."""
    for pool, email, turns in made:
        pools.credit(pool, email, turns)
