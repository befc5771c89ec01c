"""When something is due next though nothing new comes: clocks that run out, leads that wait for somebody's
hours, offers that expire, deals that have stayed too long.

Belongs here: that one moment, kept in the refresh. A run in which nothing is new compares it with the clock
and decides all the same when it has come.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

import duckdb

from pipelines.decisions import office
from pipelines.decisions.assignment import Assignment
from pipelines.decisions.escalation import Clock, clock_of, level_of
from pipelines.decisions.hours import FOREVER
from pipelines.rules.handoff import HandoffRule
from pipelines.rules.stage_automation import Automation
from pipelines.rules.teams import Teams
from pipelines.state.decisions import KeptDecision
from pipelines.state.handoffs import Handoff

_TABLE = "deciding.next_due"
_STAYS = (
    "select min(entered_at + $stay::interval) from marts.stage_history where left_at is null "
    "and entered_at + $stay::interval > $as_of::timestamptz and ($stage = '' or canonical_stage = $stage)"
)


def of_clocks(
    latest: Sequence[KeptDecision], clocks: Mapping[str, Clock], contacts: Mapping[str, datetime],
    teams: Teams, since: Mapping[str, datetime],
) -> Iterator[tuple[datetime, KeptDecision]]:  # fmt: skip
    """When each lead that still waits is warned about, or taken from who has it."""
    for decision in latest:
        clock = clock_of(decision, clocks, contacts, since)
        if clock is None:
            continue
        schedule, begun = office.schedule(teams, decision.owner_email), decision.decided_at.timestamp()
        for wait in (*clock.warn, clock.acceptance, clock.timeout_at(level_of(decision))):
            if wait is None:
                continue
            seconds = wait.total_seconds()
            at = schedule.after(begun, seconds) if clock.business else begun + seconds
            if at < FOREVER:
                yield datetime.fromtimestamp(at, UTC), decision


def of_held(made: Iterable[Assignment]) -> Iterable[datetime]:
    """When somebody's hours open for whom leads are held."""
    return (datetime.fromtimestamp(a.held_until, UTC) for a in made if a.held_until is not None)


def of_offers(
    handoffs: Iterable[Handoff], rules: Mapping[str, HandoffRule]
) -> Iterator[tuple[datetime, Handoff]]:
    """When offers that nobody took up expire."""
    return (
        (h.offered_at + rules[h.handoff].expires_after, h)
        for h in handoffs if h.state == "offered" and h.handoff in rules
    )  # fmt: skip


def of_stays(
    connection: duckdb.DuckDBPyConnection, rules: Iterable[Automation], as_of: datetime
) -> Iterable[datetime]:
    """When deals will have stayed as long as automations mind."""
    for rule in rules:
        if rule.for_ is not None:
            bound = {"stay": rule.for_, "as_of": as_of, "stage": rule.stage}
            row = connection.execute(_STAYS, bound).fetchone()
            if row is not None and row[0] is not None:
                yield row[0]


def keep(connection: duckdb.DuckDBPyConnection, moments: Iterable[datetime], as_of: datetime) -> None:
    """Leave the first moment after now in the refresh."""
    first = min((at for at in moments if at > as_of), default=None)
    connection.execute(f"create or replace table {_TABLE} (due_at timestamptz)")
    if first is not None:
        connection.execute(f"insert into {_TABLE} values (?)", [first])
