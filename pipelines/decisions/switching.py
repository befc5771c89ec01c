"""Switching rules on: what was confirmed is acted upon, what is new or changed decides in shadow.

Belongs here: which version of each rule is live. A rule that was changed goes on as it was confirmed last
until the new version is confirmed; a rule that is gone from the file is gone. Any kind of rule that can be
written as JSON.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from pipelines.decisions.automation import Fired
from pipelines.decisions.handoffs import Crossing
from pipelines.state.decision_runs import SeenRule

Rule = TypeVar("Rule", bound=BaseModel)


class Switched(NamedTuple, Generic[Rule]):
    """`live` rules are acted upon; `shadow` names those whose present version is not. `seen`: all of the
    file.
    """

    live: tuple[Rule, ...]
    shadow: frozenset[str]
    seen: tuple[SeenRule, ...]
    active_from: dict[str, datetime]

    def since(self, rule: str) -> datetime | None:
        """Nothing that happened before this makes the rule fire."""
        return self.active_from.get(rule)


class Shadow(NamedTuple):
    """What a handoff or an automation in shadow would have done: a row of `decisions.shadow`."""

    decision_id: str
    person_id: str | None
    rule: str
    reason: str
    state: str
    event_key: str
    caused_by: str

    @classmethod
    def of_handoff(cls, crossing: Crossing) -> Shadow:
        return cls(
            crossing.handoff_id, crossing.person_id, f"handoff {crossing.rule.name}", crossing.reason,
            "offered", f"handoff:{crossing.handoff_id}", "handoff",
        )  # fmt: skip

    @classmethod
    def of_automation(cls, fired: Fired) -> Shadow:
        rule = fired.automation
        reason = f"Automation {rule.name}: {fired.deal['name']} {rule.on.replace('-', ' ')}."
        return cls(fired.firing_id, None, f"automation {rule.name}", reason, "fired", fired.event_key,
                   "automation")  # fmt: skip


def switched(
    kind: str, rules: Sequence[tuple[str, Rule, datetime | None]], known: Sequence[SeenRule], at: datetime,
    *, live_at_once: bool,
) -> Switched[Rule]:  # fmt: skip
    """`rules`: name, rule and `active_from` as the file has them. A rule is first seen at `at`."""
    by_version = {(row.rule, row.content_hash): row for row in known}
    live: list[Rule] = []
    shadow: set[str] = set()
    seen: list[SeenRule] = []
    active: dict[str, datetime] = {}
    for name, rule, active_from in rules:
        content, digest = _content(rule)
        row = by_version.get((name, digest)) or SeenRule(
            kind, name, digest, content, at, active_from or at, at if live_at_once else None
        )
        if row.confirmed_at is None and live_at_once:
            row = row._replace(confirmed_at=at)
        seen.append(row)
        active[name] = row.active_from
        if row.confirmed_at is not None:
            live.append(rule)
            continue
        shadow.add(name)
        last = _last_confirmed(name, known)
        as_it_was = None if last is None else _read(type(rule), last.content)
        if last is not None and as_it_was is not None:
            live.append(as_it_was)
            active[name] = last.active_from
    return Switched(tuple(live), frozenset(shadow), tuple(seen), active)


def _read(kind: type[Rule], content: str) -> Rule | None:
    """A version that was confirmed; None where it says what is refused by now, for nothing of it can be acted
    upon, and everything else goes on."""
    try:
        return kind.model_validate(orjson.loads(content))
    except ValidationError:
        return None


def _last_confirmed(name: str, known: Sequence[SeenRule]) -> SeenRule | None:
    confirmed = [row for row in known if row.rule == name and row.confirmed_at is not None]
    return max(confirmed, key=lambda row: (row.confirmed_at, row.first_seen_at), default=None)


def _content(rule: BaseModel) -> tuple[str, str]:
    """The rule as JSON, and a hash of it. What is written otherwise and means the same is the same."""
    content = orjson.dumps(rule.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)
    return content.decode(), hashlib.sha256(content).hexdigest()[:16]
