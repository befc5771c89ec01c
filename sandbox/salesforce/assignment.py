"""Assignment rules of leads and cases that were deployed: who owns a record that comes in or is changed.

REST assigns by the active rule unless `Sforce-Auto-Assign` says no; SOAP and the Bulk APIs assign only where
they are told to, by a rule's id or, in SOAP, by `useDefaultRule`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.call import Call
from sandbox.salesforce import formulas, ids, schema, validation
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.worked_out import one_text
from sandbox.store import Store

if TYPE_CHECKING:
    from sandbox.salesforce.records import Rows

HEADER = "sforce-auto-assign"
Json = dict[str, Any]
_NUMBERED = re.compile(r"\d+|AND|OR|NOT|[()]", re.IGNORECASE)


@dataclass(frozen=True)
class Entry:
    """An entry of a rule as it was deployed, and its formula, if it has one that can be read."""

    content: Json
    formula: formulas.Node | None


@dataclass(frozen=True)
class Rule:
    id: str
    name: str
    active: bool
    entries: list[Entry]


def load(store: Store) -> dict[str, list[Rule]]:
    """The rules by object."""
    deployed = schema.deployed(store, "AssignmentRules")
    if not deployed:
        return {}
    known = {
        (sobject, name): own
        for own, sobject, name in store.rows("select Id, SobjectType, Name from AssignmentRule")
    }
    found: dict[str, list[Rule]] = {}
    for sobject, content in deployed:
        for each in content.get("assignmentRule") or []:
            name = str(each.get("fullName"))
            entries = [Entry(entry, _read(entry)) for entry in each.get("ruleEntry") or []]
            active = str(each.get("active")) == "true"
            found.setdefault(sobject, []).append(Rule(known.get((sobject, name), ""), name, active, entries))
    return found


def _read(entry: Json) -> formulas.Node | None:
    try:
        return formulas.parse(str(entry["formula"])) if entry.get("formula") else None
    except (formulas.Unknown, RecursionError):  # whoever reads the org must not fall over what a rule says
        return None


def owner_for(rows: Rows, call: Call, sobject: SObject, row: Json, before: Json | None) -> str | None:
    """Who is to own the record; nobody else than who does when no rule is asked or none fits."""
    known = rows.org.assignment.get(sobject.name)
    rule = _asked(call, known) if known else None
    if rule is None:
        return None
    for entry in rule.entries:
        if _fits(rows, sobject, row, before, entry, call.now):
            return _assignee(rows.org.store, entry.content)
    return None


def _asked(call: Call, known: list[Rule]) -> Rule | None:
    """The rule that the client wants: the active one, one by its id, or none."""
    said = call.assign or call.headers.get(HEADER, "")
    if not said:
        over_rest = call.path.startswith("/services/data/") and "/jobs/" not in call.path
        said = "TRUE" if over_rest else "FALSE"
    if said.upper() == "FALSE":
        return None
    if said.upper() == "TRUE":
        return next((rule for rule in known if rule.active), None)
    return next((rule for rule in known if rule.id == ids.normal(said)), None)


def _assignee(store: Store, entry: Json) -> str | None:
    name, kind = str(entry.get("assignedTo") or ""), str(entry.get("assignedToType") or "")
    if kind == "Queue":
        found = store.value(
            "select Id from \"Group\" where Type = 'Queue' and (DeveloperName = ? or Name = ?)", (name, name)
        )
    else:
        found = store.value('select Id from "User" where Username = ? collate nocase', (name,))
    return None if found is None else str(found)


def assignee_is_known(store: Store, entry: Json) -> bool:
    return _assignee(store, entry) is not None


def _fits(rows: Rows, sobject: SObject, row: Json, before: Json | None, entry: Entry, now: int) -> bool:
    if entry.formula is not None:
        try:
            seen = validation.seen(rows, sobject, row, before, now)
            return formulas.work_out(entry.formula, seen) is True
        except formulas.Unknown:
            return False
    if entry.content.get("formula"):
        return False
    met = [_meets(rows, sobject, row, item, now) for item in entry.content.get("criteriaItems") or []]
    said = str(entry.content.get("booleanFilter") or "")
    return all(met) if not said else _logic(said, met)


def _logic(said: str, met: list[bool]) -> bool:
    """`1 AND (2 OR 3)`, each number a condition; what cannot be read fits nothing."""
    words = [
        repr(bool(1 <= int(word) <= len(met) and met[int(word) - 1])) if word.isdecimal() else word
        for word in _NUMBERED.findall(said)
    ]
    try:
        tree = formulas.parse(
            " ".join({"AND": "&&", "OR": "||", "NOT": "!"}.get(w.upper(), w) for w in words)
        )
    except formulas.Unknown:
        return False
    nothing = formulas.Row(lambda path: (None, None), lambda path: (None, None), False, 0)
    return formulas.work_out(tree, nothing) is True


def _meets(rows: Rows, sobject: SObject, row: Json, item: Json, now: int) -> bool:
    path = str(item.get("field") or "").removeprefix(f"{sobject.name}.")
    try:
        value, _ = validation.value_of(rows, sobject, row, path, now)
    except formulas.Unknown:
        return False
    said = one_text(item.get("value"))
    return compared(value, str(item.get("operation") or ""), said)


def compared(value: Any, operation: str, said: str) -> bool:
    """A stored value against a criterion; several values are separated by commas, case does not count."""
    own = "" if value is None else str(value).lower()
    each = [part.strip().lower() for part in said.split(",")]
    if operation in ("equals", "notEqual"):
        same = any(own == one or _number(own) == _number(one) is not None for one in each)
        return same == (operation == "equals")
    if operation in ("contains", "notContain"):
        return any(one in own for one in each) == (operation == "contains")
    if operation == "startsWith":
        return any(own.startswith(one) for one in each)
    if operation in ("includes", "excludes"):
        return bool(set(own.split(";")) & set(each)) == (operation == "includes")
    left: Any = _number(own)
    right: Any = _number(each[0])
    if left is None or right is None:
        left, right = own, each[0]
    if not own:
        return False
    return bool({
        "lessThan": left < right, "greaterThan": left > right, "lessOrEqual": left <= right,
        "greaterOrEqual": left >= right,
    }.get(operation, False))  # fmt: skip


def _number(said: str) -> float | None:
    try:
        return float(said)
    except ValueError:
        return None
