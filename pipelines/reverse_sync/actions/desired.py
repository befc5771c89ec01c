"""Desired actions of the published file that are to be done now, and why the others are not.

Belongs here: reading tables `actions` and `actions_*` of the schemas `decisions` and `reverse_sync`, and
holding back what cannot, may not or must not be done. Doing them is `performing.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import duckdb
import orjson

from pipelines.errors import ConfigError
from pipelines.reverse_sync import unconnected
from pipelines.reverse_sync.actions.base import COLUMNS, Action, ForecastsGroups
from pipelines.reverse_sync.actions.registry import Registry
from pipelines.reverse_sync.actions.side_by_side import by_parent
from pipelines.reverse_sync.actions.undoing import waves
from pipelines.reverse_sync.planned import ActionSummary, Held
from pipelines.reverse_sync.suppressed import ERASED, is_of_erased
from pipelines.rules.syncs import ActionGuards
from pipelines.state import State, actions, dead_letters
from pipelines.state.actions import Standing
from pipelines.state.suppression import Suppression
from pipelines.warehouse import has_table

_DAY = timedelta(days=1)
_MESSAGES = ("message",)
_REVERSIBILITY = ("", "reversible", "compensable", "final")


@dataclass
class Wanted:
    """Actions to do, in an order in which each comes after what it needs; the others with their reason."""

    todo: list[Action] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    waiting: Counter[str] = field(default_factory=Counter)
    """Sync -> actions that are not due yet."""
    done: Counter[str] = field(default_factory=Counter)
    """Sync -> actions that the journal knows as done."""

    def hold(self, action: Action, reason: str) -> None:
        self.held.append(Held(action.sync, action.action_key, action.record_key, reason))


def wanted(
    connection: duckdb.DuckDBPyConnection, state: State, guards: ActionGuards, suppression: Suppression,
    registry: Registry, as_of: datetime | None, without: frozenset[str] = frozenset(),
) -> Wanted:  # fmt: skip
    """What of the desired actions a plan made now is to do. `as_of`: how far the extract reached. `without`:
    CRMs there is no connection to."""
    found = Wanted()
    asked = list(_read(connection))
    copies = Counter(action.action_key for action in asked)
    with state.reading() as reading:
        needed = {key for action in asked for key in action.needs}
        known = actions.standing(reading, sorted({*copies, *needed}))
        tired = dead_letters.tired(reading)
        limits = _limits(guards, registry)
        today = {
            kinds: actions.per_person(reading, as_of - _DAY, kinds) for kinds in limits if as_of is not None
        }
    found.held += _not_written(connection)
    sieve = _Sieve(found, known, copies, registry, suppression, as_of, without, tired)
    candidates = [action for action in asked if sieve.passes(action)]
    _in_order(found, candidates, known)
    for kinds, most in limits.items():
        _per_person(found, kinds, most, registry, today.get(kinds, {}))
    return found


def exceeded(found: Wanted, guards: ActionGuards) -> list[str]:
    """A sentence for each kind of which there are more than a plan may have."""
    counts = Counter(action.kind for action in found.todo)
    return [
        f"the plan has {n:,} actions of the kind {kind} (the guard allows {guards.most(kind):,})"
        for kind, n in sorted(counts.items())
        if n > guards.most(kind)
    ]


def summaries(found: Wanted, registry: Registry) -> dict[str, ActionSummary]:
    """What the plan does, of each sync that has actions."""
    names = dict.fromkeys(
        [*(a.sync for a in found.todo), *(h.sync for h in found.held), *found.waiting, *found.done]
    )
    held = Counter(each.sync for each in found.held)
    calls: Counter[str] = Counter()
    for wave in waves(found.todo):
        for some in wave.values():
            calls[some[0].sync] += _calls(registry, some)
    result = {}
    for name in names:
        mine = [action for action in found.todo if action.sync == name]
        result[name] = ActionSummary(
            kinds=dict(Counter(f"{action.vendor} {action.kind}" for action in mine)),
            reversibility=dict(Counter(action.reversibility for action in mine)),
            held=held[name], waiting=found.waiting[name], done=found.done[name],
            calls=calls[name],
        )  # fmt: skip
    return result


def lines(found: Wanted) -> Iterator[str]:
    """A line of the plan for each action, in the order in which they are done."""
    for action in found.todo:
        yield orjson.dumps(as_line(action), option=orjson.OPT_SORT_KEYS).decode()


def as_line(action: Action) -> dict[str, Any]:
    """An action as the plan has it. `operation` is its kind."""
    return {
        "action_key": action.action_key, "sync": action.sync, "operation": action.kind,
        "vendor": action.vendor, "object": action.object, "record_key": action.record_key,
        "person_id": action.person_id, "payload": dict(action.payload), "needs": list(action.needs),
        "provider": action.provider, "rule": action.rule, "reason": action.reason,
        "reversibility": action.reversibility, "due_at": action.due_at,
    }  # fmt: skip


def of_line(line: Mapping[str, Any]) -> Action:
    """An action from its line."""
    values = dict(line)
    return Action(kind=values.pop("operation"), needs=tuple(values.pop("needs")), **values)


def _calls(registry: Registry, some: Sequence[Action]) -> int:
    """Calls of one group of one wave."""
    handler = registry.find(some[0].vendor, some[0].kind)
    if handler is not None and issubclass(handler, ForecastsGroups):
        return handler.forecast_group(by_parent(handler, some))
    return handler.forecast(len(some)) if handler is not None else 0


def _read(connection: duckdb.DuckDBPyConnection) -> Iterator[Action]:
    """Every desired action of the published file, by due moment, place (0 without one) and key."""
    parts = []
    for schema, table in _tables(connection):
        columns = {str(row[0]) for row in connection.execute(f'describe {schema}."{table}"').fetchall()}
        missing = [name for name in COLUMNS if name not in columns]
        if missing:
            raise ConfigError(
                f"{schema}.{table} lacks the columns of actions: {', '.join(missing)}", where=table,
                remedy="see Actions in docs/interfaces.md",
            )  # fmt: skip
        texts = ", ".join(
            f"coalesce({name}::varchar, '')" if name != "due_at" else _MOMENT for name in COLUMNS
        )
        place = "coalesce(place, 0)" if "place" in columns else "0"
        parts.append(f'select {texts}, {place} from {schema}."{table}"')
    if not parts:
        return
    reader = connection.execute(f"{' union all '.join(parts)} order by {len(COLUMNS)}, {len(COLUMNS) + 1}, 1")
    while rows := reader.fetchmany(10_000):
        for row in rows:
            yield _action(dict(zip(COLUMNS, row[:-1], strict=True)))


def _not_written(connection: duckdb.DuckDBPyConnection) -> list[Held]:
    """Records that a mapping would create and that something holds back, and what no CRM can hold."""
    tables = {"mirror_held": "field = ''", "held_campaigns": "true"}
    parts = [
        f"select sync, record_id, record_key, reason from reverse_sync.{name} where {which}"
        for name, which in tables.items()
        if has_table(connection, "reverse_sync", name)
    ]
    rows = connection.execute(f"{' union all '.join(parts)} order by all").fetchall() if parts else []
    return [Held(*row) for row in rows]


_MOMENT = "coalesce(strftime(due_at::timestamptz at time zone 'UTC', '%Y-%m-%dT%H:%M:%SZ'), '')"


def _tables(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = connection.execute(
        "select table_schema, table_name from information_schema.tables "
        "where table_schema in ('decisions', 'reverse_sync') "
        "and (table_name = 'actions' or starts_with(table_name, 'actions_')) order by all"
    ).fetchall()
    return found


def _action(row: dict[str, str]) -> Action:
    """A row as an action. A payload that is no JSON object is kept as text, to be held for it."""
    try:
        payload = orjson.loads(row["payload"] or "{}")
    except orjson.JSONDecodeError:
        payload = None
    values: dict[str, Any] = {
        **row,
        "payload": payload if isinstance(payload, dict) else {_BROKEN: row["payload"]},
        "needs": tuple(row["needs"].replace(",", " ").split()),
    }
    return Action(**values)


_BROKEN = "\0"


@dataclass
class _Sieve:
    """Lets pass what nothing speaks against; holds or counts the rest."""

    found: Wanted
    known: Mapping[str, Standing]
    copies: Counter[str]
    registry: Registry
    suppression: Suppression
    as_of: datetime | None
    without: frozenset[str]
    tired: frozenset[str] = frozenset()

    def passes(self, action: Action) -> bool:
        standing = self.known.get(action.action_key)
        if standing is not None and standing.state == "confirmed":
            self.found.done[action.sync] += 1
            return False
        if self.as_of is not None and action.due_at and datetime.fromisoformat(action.due_at) > self.as_of:
            self.found.waiting[action.sync] += 1
            return False
        reason = why_not_begun(standing) or self._malformed(action) or self._forbidden(action)
        if not reason and action.action_key in self.tired:
            reason = (
                f"{dead_letters.PLANS_THAT_RETRY} plans have tried it in vain; mend the cause, then crm retry"
            )
        if reason:
            self.found.hold(action, reason)
        return not reason

    def _malformed(self, action: Action) -> str:
        if not action.action_key or self.copies[action.action_key] > 1:
            return "its action_key is empty" if not action.action_key else "its action_key is there twice"
        if _BROKEN in action.payload:
            return "its payload is no JSON object"
        if action.reversibility not in _REVERSIBILITY:
            return f"its reversibility is {action.reversibility!r}, which is none"
        if action.record_key and action.record_key.count(":") < 3:
            return f"its record key {action.record_key!r} is none"
        handler = self.registry.find(action.vendor, action.kind)
        if handler is None:
            return f"nothing here does {action.kind or 'an empty kind'} at {action.vendor or 'no vendor'}"
        return handler.unfit(action)

    def _forbidden(self, action: Action) -> str:
        if is_of_erased(self.suppression, action.record_key, action.payload):
            return ERASED
        return unconnected.why(action.vendor) if action.vendor in self.without else ""


def why_not_begun(standing: Standing | None) -> str:
    """Why an action that is not confirmed may not be begun (again), by how it stands; empty if it may."""
    if standing is None or standing.may_begin:
        return ""
    if standing.state == "rejected":
        return f"it was rejected before ({standing.code}); mend the cause, then crm retry"
    if standing.is_settled:
        return "nobody knows whether it was done; look, then say so with crm retry --done or --not-done"
    return "an apply is doing it, or was interrupted; the next one finds out"


def _in_order(found: Wanted, candidates: Sequence[Action], known: Mapping[str, Standing]) -> None:
    """Put into `todo` what has all it needs, done or before it; hold what never will."""
    there = {key for key, each in known.items() if each.state == "confirmed"}
    left = list(candidates)
    while left:
        ready = [action for action in left if there.issuperset(action.needs)]
        if not ready:
            break
        found.todo += ready
        there |= {action.action_key for action in ready}
        left = [action for action in left if action.action_key not in there]
    for action in left:
        absent = next(key for key in action.needs if key not in there)
        found.hold(action, f"it needs {absent}, which is not done")


def _limits(guards: ActionGuards, registry: Registry) -> dict[tuple[str, ...], int]:
    """Kinds that count together, and how many of them a person may have in a day."""
    return {registry.noticed: guards.per_person_per_day, _MESSAGES: guards.messages_per_person_per_day}


def _per_person(
    found: Wanted, kinds: tuple[str, ...], most: int, registry: Registry, today: Mapping[str, int]
) -> None:
    """Hold what would be more than a person may get in a day; the rest has its reversibility filled in."""
    given = Counter(today)
    kept: list[Action] = []
    dropped: set[str] = set()
    for action in found.todo:
        handler = registry.find(action.vendor, action.kind)
        assert handler is not None
        if dropped.intersection(action.needs):
            found.hold(action, "what it needs waits for another day")
            dropped.add(action.action_key)
        elif action.person_id and action.kind in kinds and given[action.person_id] >= most:
            found.hold(action, f"this person has had {most:,} of these in a day; it waits for another")
            dropped.add(action.action_key)
        else:
            given[action.person_id] += action.kind in kinds
            kept.append(replace(action, reversibility=action.reversibility or handler.reversibility))
    found.todo = kept
