"""Formula and roll-up summary fields that were deployed, as SQL over the org's tables.

A formula is worked out by the same evaluator as validation rules are: SQL fetches the fields it looks at and
hands them over. So a query filters, sorts and groups by it, and every reader has it, when it is asked for. A
formula that uses what is not worked out here is empty.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sandbox import times
from sandbox.salesforce import formulas, schema
from sandbox.salesforce.fields import NUMERIC, Field, SObject
from sandbox.salesforce.formula_functions import rounded, text
from sandbox.store import Store

Json = dict[str, Any]
_DEEPEST = 10
_OPERATIONS = {"sum": "ifnull(sum({}), 0)", "min": "min({})", "max": "max({})", "count": "count(*)"}
_COMPARED = {
    "equals": "=", "notEqual": "<>", "lessThan": "<", "greaterThan": ">", "lessOrEqual": "<=",
    "greaterOrEqual": ">=",
}  # fmt: skip
_LIKE = {"contains": "%{}%", "notContain": "%{}%", "startsWith": "{}%"}


@dataclass(frozen=True)
class Formula:
    """A formula that was read: its tree, and the fields it looks at in the order SQL hands them over."""

    tree: formulas.Node
    looks_at: tuple[tuple[str, Field], ...]
    field: Field
    blanks: str

    def value(self, given: tuple[Any, ...], now: int) -> Any:
        known = {path: (value, field) for (path, field), value in zip(self.looks_at, given, strict=True)}
        return self.of(known.__getitem__, now)

    def of(self, reader: Callable[[str], tuple[Any, Field | None]], now: int) -> Any:
        """The value as its column would store it."""
        try:
            return _stored(
                self.field,
                formulas.work_out(self.tree, formulas.Row(reader, reader, False, now, self.blanks)),
            )
        except formulas.Unknown:
            return None


@dataclass(frozen=True)
class Summary:
    """A field of a master that is summed up from its details."""

    master: str
    field: str
    child: str
    reference: str


def _stored(field: Field, value: Any) -> Any:
    if field.type == "boolean":
        return "true" if value is True else "false"
    if value is None or value == "":
        return None
    if field.type in NUMERIC:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        own = value * 100 if field.type == "percent" else value
        return rounded(own, float(2 if field.scale is None else field.scale))
    if field.type == "date":
        return value.isoformat()[:10] if isinstance(value, date) else None
    if field.type == "datetime":
        return times.iso_seconds(times.to_ms(value)) if isinstance(value, datetime) else None
    return text(value)


def register(
    db: sqlite3.Connection, known: Callable[[], Mapping[str, Formula]], now: Callable[[], int]
) -> None:
    """Let a connection work formulas out."""

    def formula(name: str, *given: Any) -> Any:
        found = known().get(name)
        return None if found is None else found.value(given, now())

    db.create_function("formula", -1, formula)


class Reader:
    """Reads what was deployed into the objects of an org."""

    def __init__(self, store: Store, objects: dict[str, SObject]) -> None:
        self.objects = objects
        self.formulas: dict[str, Formula] = {}
        self.summaries: list[Summary] = []
        self._open: list[str] = []
        self._aliases = 0
        self.contents: dict[str, Json] = dict(schema.deployed(store, "CustomField"))

    def read(self) -> None:
        """Give every calculated field its SQL."""
        for name in list(self.objects):
            for field in list(self.objects[name].fields.values()):
                if field.calculated:
                    self.field_of(name, field.name)

    def field_of(self, sobject: str, name: str) -> Field:
        """A field, with its SQL if it is worked out of others. Raises Unknown for none, and for a circle."""
        field = self.objects[sobject].field(name)
        if field is None:
            raise formulas.Unknown(name)
        full = f"{sobject}.{field.name}"
        if not field.calculated or field.formula:
            return field
        if full in self._open or len(self._open) > _DEEPEST:
            raise formulas.Unknown(f"{full} refers to itself")
        self._open.append(full)
        try:
            made = self._made(sobject, field, self.contents.get(full, {}))
        except formulas.Unknown:
            made = replace(
                field, formula="null", expression=str(self.contents.get(full, {}).get("formula") or "")
            )
        self._open.pop()
        known = self.objects[sobject]
        self.objects[sobject] = replace(known, fields=known.fields | {field.name: made})
        return made

    def _made(self, sobject: str, field: Field, content: Json) -> Field:
        if field.kind == "Summary":
            return self._summary(sobject, field, content)
        expression = str(content.get("formula") or "")
        tree = formulas.parse(expression)
        looks_at, columns = [], []
        for path in sorted(formulas.paths(tree)):
            column, found = self._path(sobject, "{t}", path.split("."))
            looks_at.append((path, found))
            columns.append(column)
        zero = str(content.get("formulaTreatBlanksAs") or "BlankAsZero") == "BlankAsZero"
        full = f"{sobject}.{field.name}"
        self.formulas[full] = Formula(tree, tuple(looks_at), field, "zero" if zero else "blank")
        sql = f"formula({', '.join([_literal(full), *columns])})"
        return replace(field, formula=sql, expression=expression, blank_is_zero=zero)

    def _path(self, sobject: str, alias: str, steps: list[str]) -> tuple[str, Field]:
        """The expression for the end of a path, seen from a row that is called `alias`."""
        if len(steps) == 1:
            field = self.field_of(sobject, steps[0])
            if field.formula:
                return (field.formula if alias == "{t}" else _kept(field.formula.format(t=alias))), field
            return f'{alias}."{field.name}"', field
        step, _, kind = steps[0].partition(":")
        reference = self.objects[sobject].reference(step)
        if reference is None:
            raise formulas.Unknown(steps[0])
        targets = [t for t in reference.targets if t in self.objects and kind.lower() in ("", t.lower())]
        parts, found = [], None
        inner = self._alias()
        for target in targets:
            try:
                column, found = self._path(target, inner, steps[1:])
            except formulas.Unknown:
                continue
            parts.append(
                f'(select {column} from "{target}" {inner} where {inner}."Id" = {alias}."{reference.name}")'
            )
        if found is None:
            raise formulas.Unknown(".".join(steps))
        return (parts[0] if len(parts) == 1 else f"coalesce({', '.join(parts)})"), found

    def _summary(self, sobject: str, field: Field, content: Json) -> Field:
        child, _, reference = str(content.get("summaryForeignKey") or "").partition(".")
        operation = str(content.get("summaryOperation") or "")
        if child not in self.objects or reference not in self.objects[child].fields:
            raise formulas.Unknown(child)
        alias = self._alias()
        value, made = "1", replace(field, type="double", scale=0)
        if operation != "count":
            name = str(content.get("summarizedField") or "").partition(".")[2]
            value, own = self._path(child, alias, [name])
            if own.type in NUMERIC:
                value = f"round({value}, {2 if own.scale is None else own.scale})"
        conditions = [f'{alias}."{reference}" = {{t}}."Id"']
        if "IsDeleted" in self.objects[child].fields:
            conditions.append(f"{alias}.\"IsDeleted\" = 'false'")
        conditions += [
            self._condition(child, alias, each) for each in content.get("summaryFilterItems") or []
        ]
        self.summaries.append(Summary(sobject, field.name, child, reference))
        template = _OPERATIONS.get(operation)
        if template is None:
            raise formulas.Unknown(operation)
        sql = f'(select {template.format(value)} from "{child}" {alias} where {" and ".join(conditions)})'
        return replace(made, formula=sql)

    def _alias(self) -> str:
        """A name for a row that no other part of a formula has."""
        self._aliases += 1
        return f"f{self._aliases}"

    def _condition(self, child: str, alias: str, item: Json) -> str:
        column, field = self._path(child, alias, [str(item.get("field")).partition(".")[2]])
        operation, said = str(item.get("operation")), one_text(item.get("value"))
        each = [part.strip() for part in said.split(",")]
        if operation in _LIKE:
            found = " or ".join(f"{column} like {_literal(_LIKE[operation].format(one))}" for one in each)
            return f"not ifnull({found}, 0)" if operation == "notContain" else f"({found})"
        compared = _COMPARED.get(operation)
        if compared is None:
            raise formulas.Unknown(operation)
        values = [_constant(field, one) for one in each]
        if compared in ("=", "<>"):
            found = " or ".join(f"{column} is {value}" for value in values)
            return f"({found})" if compared == "=" else f"not ({found})"
        return f"{column} {compared} {values[0]}"


def one_text(value: Any) -> str:
    """The value of a filter, which the reader of metadata has as a list."""
    return str(value[0] if isinstance(value, list) and value else value or "")


def _constant(field: Field, said: str) -> str:
    if said == "":
        return "null"
    if field.type in NUMERIC:
        try:
            return repr(float(said))
        except ValueError:
            raise formulas.Unknown(said) from None
    return _literal(said.lower() if field.type == "boolean" else said)


def _literal(said: str) -> str:
    """A text in SQL; braces are doubled, for the name of the row is put in by `format`."""
    return "'" + _kept(said.replace("'", "''")) + "'"


def _kept(sql: str) -> str:
    return sql.replace("{", "{{").replace("}", "}}")
