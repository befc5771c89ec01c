"""What the formulas of the model name, followed over relationships to the objects of the file.

Belongs here: names that are missing. Custom fields of standard objects that the file does not have are asked
of the org, by the plan; how a formula is read is `formulas`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from pipelines.rules.schema import formulas, limits, names
from pipelines.rules.schema.faults import fault
from pipelines.rules.schema.fields import FieldModel
from pipelines.rules.schema.load import Model
from pipelines.rules.schema.objects import ObjectModel, Relationship

_STANDARD = {each.lower() for each in limits.STANDARD_NAMES}
_LITERAL = ("text", "text_area", "long_text", "rich_text", "email", "phone", "url")


class _At(NamedTuple):
    key: str
    each: ObjectModel


def check_formula(model: Model, key: str, each: ObjectModel, text: str, where: str) -> None:
    """Raises ConfigError for a bracket that is not closed, and for a name that is not there."""
    if problem := formulas.unbalanced(text):
        raise fault(f"the formula {problem}", where)
    for name in formulas.names_in(text):
        missing = _missing(model, _At(key, each), name)
        if missing is not None:
            raise fault(f"the formula names {name}, which {missing} does not have", where)


def check_default(model: Model, key: str, each: ObjectModel, field: FieldModel, where: str) -> None:
    """A default that is a formula: after = for a text, for every other type as it stands."""
    text = formula_of(field)
    if text is not None:
        check_formula(model, key, each, text, where)


def formula_of(field: FieldModel) -> str | None:
    """The formula that a default is."""
    if not isinstance(field.default, str):
        return None
    if field.default.startswith("="):
        return field.default[1:]
    return None if field.type in _LITERAL else field.default


def _missing(model: Model, at: _At, name: str) -> str | None:
    """The object that lacks what a name names; None where it is there, or the org alone knows."""
    *steps, last = name.split(".")
    if name.startswith("$"):
        return None
    for step in steps:
        if not step.lower().endswith("__r"):
            standard = step.lower().partition(":")[0] in _STANDARD  # Owner:User is an owner who is a user
            return at.key if at.each.is_custom and not standard else None
        relation = _relation(at.each, step)
        if relation is None:
            return at.key if at.each.is_custom else None
        if relation.to not in model.objects:
            return None
        at = _At(relation.to, model.objects[relation.to])
    return at.key if at.each.is_custom and not _has(at.each, last) else None


def _relation(each: ObjectModel, step: str) -> Relationship | None:
    """The relationship that `Up__r` of a formula follows."""
    wanted = f"{step[:-1]}c".lower()
    listed = ((n, r) for n, r in each.relationships.items() if _is_field(r))
    return next((r for n, r in listed if names.lookup_name(n, r).lower() == wanted), None)


def places(model: Model, key: str | None, owner: str, text: str) -> list[tuple[str, str]]:
    """(object, field) at Salesforce, in lower case, of what a formula names, as far as the file knows."""
    found = []
    for name in formulas.names_in(text):
        *steps, last = name.split(".")
        at: tuple[str | None, str] | None = (key, owner)
        for step in steps:
            at = _next(model, at[0], step) if at is not None else None
        if at is not None:
            found.append((at[1].lower(), last.lower()))
    return found


def _next(model: Model, key: str | None, step: str) -> tuple[str | None, str] | None:
    relation = _relation(model.objects[key], step) if key is not None else None
    target = model.target("salesforce", relation.to) if relation is not None else None
    if relation is None or target is None:
        return None
    return (relation.to if relation.to in model.objects else None), target


def properties(text: str) -> list[str]:
    """The properties that a formula of HubSpot's names."""
    return re.findall(r"\[properties\.(\w+)\]", text)


def _is_field(relationship: Relationship) -> bool:
    """Whether a relationship is a field at Salesforce."""
    return relationship.kind != "association" and "salesforce" in relationship.crms


def _has(each: ObjectModel, name: str) -> bool:
    found = [names.field_name("salesforce", n, f) for n, f in each.fields.items()]
    found += [names.lookup_name(n, r) for n, r in each.relationships.items() if _is_field(r)]
    return name.lower() in _STANDARD | {called.lower() for called in found if called is not None}
