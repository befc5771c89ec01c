"""What would be made, changed and destroyed, what cannot be, and what would lose data.

Belongs here: comparing. What is wanted is `hubspot.objects` and `salesforce.objects`, what may change into
what is `risks`; doing it is `apply`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from pipelines.schema import risks
from pipelines.schema.items import (
    Beside,
    Holding,
    Item,
    Json,
    Key,
    Live,
    Wanted,
    added_by_hand,
    added_since,
    differences,
)
from pipelines.state.schema import Row

Operation = Literal["create", "change", "destroy"]


@dataclass(frozen=True)
class Action:
    """One thing to do. `impossible` and `loses` are sentences; a loss is done only when it is named."""

    operation: Operation
    item: Item
    before: Json | None = None
    impossible: str = ""
    loses: str = ""
    asks: str = ""
    """The field whose values would be lost, so that they can be counted."""
    note: str = ""
    """What else is to be known of it before it is done."""

    @property
    def changes(self) -> dict[str, tuple[Any, Any]]:
        return differences(self.before or {}, self.item.content)

    @property
    def name(self) -> str:
        return self.item.name


@dataclass
class Plan:
    """Everything that differs, and what the CRMs have beside the model."""

    actions: list[Action] = field(default_factory=list)
    unchanged: int = 0
    holdings: list[Holding] = field(default_factory=list)
    extras: list[Item] = field(default_factory=list)
    """What people have added to objects of the model, as a diff has it."""
    problems: list[str] = field(default_factory=list)
    """Limits that are reached."""
    calls: int = 0

    @property
    def id(self) -> str:
        """The same for the same actions: `crm schema apply --plan` refuses another one."""
        said = [[a.operation, *a.item.key, a.before, a.item.content] for a in self.actions]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:12]

    def of(self, vendor: str, *operations: str) -> list[Action]:
        return [a for a in self.actions if a.item.vendor == vendor and a.operation in operations]

    def doable(self, allowed: Iterable[str]) -> list[Action]:
        """What may be done: possible, and without loss unless it is named."""
        named = {each.lower() for each in allowed}
        return [a for a in self.actions if not a.impossible and (not a.loses or a.name.lower() in named)]


def compare(wanted: Wanted, live: Live, made: Sequence[Row], before: Beside | None = None) -> Plan:
    """The plan for one CRM."""
    plan = Plan(holdings=list(wanted.holdings))
    keys = {item.key for item in wanted.items}
    made_keys = {(wanted.vendor, kind, name): content for kind, name, content in made}
    known = keys | made_keys.keys()
    for item in wanted.items:
        there = live.items.get(item.key)
        if there is None:
            impossible, note = risks.of_create(item, wanted, live), _stays_beside(item, live, known)
            plan.actions.append(Action("create", item, impossible=impossible, note=note))
        elif there.content == item.content:
            plan.unchanged += 1
        else:
            whole = replace(item, beside=live.beside.get(item.key, {}))
            action = Action("change", whole, there.content)
            missing = risks.of_formula(item, wanted, live)
            plan.actions.append(replace(action, impossible=missing) if missing else risks.of_change(action))
    gone = {key[2] for key in made_keys if key[1] == "object" and key not in keys}
    for key in made_keys:
        there = live.items.get(key)
        if key not in keys and there is not None and not _goes_with(there, gone):
            action = Action("destroy", replace(there, content={}), there.content)
            plan.actions.append(risks.of_destroy(action))
    own = {item.name for item in wanted.items if item.kind == "object"}
    plan.extras = added_by_hand(live, known, own) + added_since(live, known, before or {})
    plan.problems = _limits(wanted, live)
    return plan


def _goes_with(item: Item, gone: set[str]) -> bool:
    """What is part of an object that is destroyed goes with it, and an association that leads to it."""
    if item.kind in ("object", "apex trigger", "workflow"):
        return False  # these stand beside the object, and are in the way of it
    return item.of in gone or (item.kind == "association" and item.name.partition(" → ")[2] in gone)


def _stays_beside(item: Item, live: Live, known: Container[Key]) -> str:
    """A pipeline is known by its label: renamed by hand it is another one, and stays."""
    if item.kind != "pipeline":
        return ""
    stages = [each["label"] for each in item.content["stages"]]
    alike = [
        other.content["label"] for key, other in live.items.items()
        if other.kind == item.kind and other.of == item.of and key not in known
        and [each["label"] for each in other.content["stages"]] == stages
    ]  # fmt: skip
    if not alike:
        return ""
    return (
        f"{' and '.join(alike)} there has the same stages: if that is this one, renamed by hand, rename it "
        "back instead, for both will stand side by side and records stay in the old one"
    )


_COUNTED = {"object": "custom objects", "field": "custom fields", "property": "custom properties"}


def _limits(wanted: Wanted, live: Live) -> list[str]:
    """What would be more than the account takes, by what it says itself."""
    new = [item for item in wanted.items if item.key not in live.items]
    found = []
    for (kind, of), (used, allowed) in live.used.items():
        more = sum(item.kind == kind and of in ("", item.of) for item in new)
        if more and used + more > allowed:
            where = f" on {of}" if of else ""
            found.append(
                f"{wanted.vendor} has {used:,} of {allowed:,} {_COUNTED[kind]}{where}, and {more:,} more are "
                "planned"
            )
    return found


def together(plans: Iterable[Plan]) -> Plan:
    """One plan of the plans of several CRMs."""
    whole = Plan()
    for each in plans:
        whole.actions += each.actions
        whole.unchanged += each.unchanged
        whole.holdings += each.holdings
        whole.extras += each.extras
        whole.problems += each.problems
        whole.calls += each.calls
    return whole
