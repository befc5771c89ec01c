"""Validation rules that were deployed and are active: asked of every row before it is stored.

A rule whose formula uses what is not worked out here lets every row pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.salesforce import formulas, schema
from sandbox.salesforce.errors import RowError
from sandbox.salesforce.fields import Field, SObject
from sandbox.store import Store

if TYPE_CHECKING:
    from sandbox.salesforce.records import Rows

Values = dict[str, Any]
_DEEPEST = 5
"""References that a field's path may follow."""


@dataclass(frozen=True)
class Rule:
    name: str
    condition: formulas.Node
    message: str
    field: str


def load(store: Store) -> dict[str, list[Rule]]:
    """The active rules by object."""
    found: dict[str, list[Rule]] = {}
    for full, content in schema.deployed(store, "ValidationRule"):
        sobject, _, name = full.partition(".")
        if str(content.get("active", "false")).lower() != "true":
            continue
        try:
            condition = formulas.parse(str(content["errorConditionFormula"]))
        except formulas.Unknown:
            continue
        field = str(content.get("errorDisplayField") or "")
        found.setdefault(sobject, []).append(Rule(name, condition, str(content["errorMessage"]), field))
    return found


def check(rows: Rows, sobject: SObject, row: Values, before: Values | None, now: int) -> None:
    """Raise RowError for the first rule that the row breaks."""
    rules = rows.org.validation.get(sobject.name)
    if not rules:
        return
    known = seen(rows, sobject, row, before, now)
    for rule in rules:
        try:
            broken = formulas.work_out(rule.condition, known) is True
        except formulas.Unknown:
            continue
        if broken:
            shown = (rule.field,) if rule.field else ()
            raise RowError("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message, shown)


def seen(rows: Rows, sobject: SObject, row: Values, before: Values | None, now: int) -> formulas.Row:
    """What a formula sees of a row that is to be stored."""
    return formulas.Row(
        lambda path: value_of(rows, sobject, row, path, now),
        lambda path: value_of(rows, sobject, before or row, path, now),
        before is None, now,
    )  # fmt: skip


def value_of(rows: Rows, sobject: SObject, row: Values, path: str, now: int) -> tuple[Any, Field | None]:
    """The stored value at the end of a path like `Account.Owner.Email`. Raises Unknown for none."""
    *steps, last = path.split(".")
    if len(steps) > _DEEPEST or path.startswith("$"):
        raise formulas.Unknown(path)
    current: Values | None = row
    for step in steps:
        sobject, current = _follow(rows, sobject, current, step)
    field = sobject.field(last)
    if field is None:
        raise formulas.Unknown(path)
    worked = rows.org.worked.get(f"{sobject.name}.{field.name}")
    if worked is not None and current is not None:
        of, at = current, sobject
        return worked.of(lambda inner: value_of(rows, at, of, inner, now), now), field
    return (None if current is None else current.get(field.name)), field


def _follow(rows: Rows, sobject: SObject, row: Values | None, step: str) -> tuple[SObject, Values | None]:
    field = sobject.reference(step.partition(":")[0])
    if field is None:
        raise formulas.Unknown(step)
    own = None if row is None else row.get(field.name)
    target = rows.org.object_of(own) if own else rows.org.object(field.targets[0])
    if target is None:
        raise formulas.Unknown(step)
    return target, rows.get(target, own) if own else None
